import { setImmediate } from 'node:timers/promises'
import pino from 'pino'
import { loadConfig } from '../../src/config.ts'
import type { Contract } from '../../src/contract/define.ts'
import { createFanout } from '../../src/feed/fanout.ts'
import { type Feed, openFeed } from '../../src/feed/feed.ts'
import type { FeedStore } from '../../src/feed/store.ts'
import type { Instance } from '../../src/http/instance.ts'
import { streamRoute } from '../../src/http/stream/streamRoute.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import type { Database } from '../../src/store/database.ts'
import { readFeed, readFeedTail } from '../../src/store/feed.ts'
import type { FeedPosition } from '../../src/store/notifications.ts'
import { readState } from '../../src/store/state.ts'
import type { Random } from '../helpers/random.ts'
import { createGates, type Gates, release } from './gates.ts'

/** Limits of the feed in memory and of one read. They are small, so that schedules exceed both. */
const SMALL = { tailEvents: 4, entriesPerRead: 3 }
const BATCH_BYTES = 1_200

type Handler = (request: unknown, reply: unknown) => Promise<unknown>

/** The serving half of a process: the real feed, fan-out and stream route, over simulated sockets. */
export interface Api {
  gates: Gates
  /** delivers the notification of a commit */
  notify(commit: FeedPosition): void
  /** takes a commit of the server's own process */
  takeCommit: Feed['takeCommit']
  /** runs the poll that finds commits without a notification */
  poll(): Promise<void>
  handle: Handler
  lastId(): number | null
  rebuilt(): boolean
  /** Completes all pending awaits. If `reorder`, their answers arrive in any order. */
  settle(random: Random, reorder: boolean): Promise<void>
  kill(): void
}

const config = loadConfig({ MAX_STREAMS: '100', MAX_STREAMS_PER_IP: '100' }, 'api')
const silent = pino({ level: 'silent' })
const metrics = createMetrics()

export function createApi(db: Database, contract: Contract): Api {
  const gates = createGates()
  let onCommit: Parameters<FeedStore['listen']>[0] = () => {}
  let rebuilt = false
  let handle: Handler | undefined
  const store: FeedStore = {
    state: () => gates.pass('state', () => readState(db)),
    read: (after, limit) => gates.pass('read', () => readFeed(db, after, limit)),
    readTail: (limits) => gates.pass('tail', () => readFeedTail(db, limits)),
    async listen(listener) {
      onCommit = listener
    },
  }
  const feed = openFeed(store, silent, SMALL)
  feed.watch({
    onChange() {},
    onTailReplaced() {
      rebuilt = true
    },
  })
  const fanout = createFanout(feed, {
    keepaliveMs: 30_000,
    stallMs: 30_000,
    metrics,
    batchBytes: BATCH_BYTES,
  })
  const app = {
    get(_url: string, _options: unknown, handler: Handler) {
      handle = handler
    },
  }
  streamRoute(app as unknown as Instance, feed, fanout, { config, contract, metrics })
  return {
    gates,
    notify: (commit) => onCommit(commit),
    takeCommit: feed.takeCommit,
    poll: () => feed.refresh(),
    handle: handle as unknown as Handler,
    lastId: () => feed.lastId(),
    rebuilt: () => rebuilt,
    async settle(random, reorder) {
      for (let quiet = 0; quiet < 3; ) {
        await setImmediate()
        if (gates.pending.length === 0) quiet++
        else {
          quiet = 0
          await release(gates, random, reorder)
        }
      }
    },
    kill() {
      feed.close()
      fanout.close()
    },
  }
}
