import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { loadContract } from './contract/load.ts'
import type { Fanout } from './feed/fanout.ts'
import { type Feed, type FeedLog, openFeed } from './feed/feed.ts'
import { createOperationServer } from './http/operation.ts'
import { createServer, type ServerOptions } from './http/server.ts'
import { startIndexer } from './indexer/indexer.ts'
import { lagBlocks, lagSeconds } from './indexer/staleness.ts'
import { createMetrics, type Metrics } from './observe/metrics.ts'
import { readState } from './store/cursor.ts'
import { createDatabase, type Database } from './store/database.ts'
import { pruneFeed, readFeed, readFeedTail } from './store/feed.ts'
import { readHistory } from './store/history.ts'
import { readJob } from './store/lifecycle.ts'
import { listenForCommits } from './store/notifications.ts'
import { openDatabase } from './store/open.ts'
import { readTotals } from './store/stats.ts'
import { version } from './version.ts'
import { watchWakes } from './wakes.ts'

/** With resuming off the feed is still what the processes of a cluster read from each other. */
const UNRESUMABLE_RETENTION_SECONDS = 60
const PRUNE_EVERY_SECONDS = { least: 1, most: 30 }

export interface App {
  /** where it listens */
  url: string
  /** Ends streams and requests, lets the indexer's step finish, and closes the database; once, however often called. */
  close(): Promise<void>
}

/**
 * Jobcast, as configured: the only place that sees every room.
 * @throws DefinitionError or DatabaseError, or the listener's error where the port is taken; every other fault is retried while it runs
 */
export async function createApp(config: Readonly<Config>, log: Logger): Promise<App> {
  const metrics = createMetrics(version)
  const contract = await loadContract(config.contract)
  const driver = await openDatabase(config, contract, metrics, log)
  const db = createDatabase(driver)
  const requests = createDatabase(driver, 'requests')
  metrics.databaseConnections.set(config.databaseUrl === undefined ? 1 : config.databaseConnections)
  const indexer =
    config.role === 'api'
      ? undefined
      : startIndexer(config, contract, db, metrics, log.child({ room: 'indexer' }))
  const feed = config.role === 'indexer' ? undefined : startFeed(db, log)
  const pruning = startPruning(db, config.feedRetentionSeconds || UNRESUMABLE_RETENTION_SECONDS, log)

  async function closeRooms(): Promise<void> {
    clearInterval(pruning)
    feed?.close()
    await indexer?.stop()
    await db.close()
  }

  const operation = {
    config,
    metrics,
    // fastify would repeat what main says of where it listens.
    log: log.child({ room: 'http' }, { level: config.logLevel === 'info' ? 'warn' : config.logLevel }),
    readState: () => readState(db),
    indexerFault: () => indexer?.fault(),
    collect: () => collect(db, metrics, feed?.lastId(), indexer?.working()),
  }
  try {
    const app = feed
      ? await serveFeed(feed, {
          ...operation,
          version,
          contract,
          readHistory: (query) => readHistory(requests, contract, query),
          readJob: (jobId) => readJob(requests, contract, jobId),
          readTotals: () => readTotals(db),
        })
      : createOperationServer(operation)
    const url = await app.listen({ host: config.host, port: config.port })
    let closing: Promise<void> | undefined
    return {
      url: url.replace('0.0.0.0', '127.0.0.1').replace('[::]', '[::1]'),
      close() {
        closing ??= app.close().then(closeRooms)
        return closing
      },
    }
  } catch (error) {
    await closeRooms()
    throw error
  }
}

function startPruning(db: Database, retention: number, log: Logger): NodeJS.Timeout {
  const { least, most } = PRUNE_EVERY_SECONDS
  const every = Math.min(most, Math.max(least, retention / 4))
  return setInterval(() => {
    pruneFeed(db, retention).catch((error) => log.debug(`the feed was not pruned: ${error.message}`))
  }, every * 1_000)
}

/** The feed and the fan-out know of each other through what is handed over here only. */
function startFeed(db: Database, log: Logger): Feed & { tell(fanout: Fanout): void } {
  let onChange = () => {}
  let onRebuilt = () => {}
  const feedLogger = log.child({ room: 'feed' })
  const feed = openFeed(
    feedLog(db, feedLogger),
    { onChange: () => onChange(), onRebuilt: () => onRebuilt() },
    feedLogger,
  )
  return {
    ...feed,
    tell(fanout) {
      onChange = fanout.changed
      onRebuilt = fanout.endAll
    },
  }
}

async function serveFeed(feed: ReturnType<typeof startFeed>, options: Omit<ServerOptions, 'feed'>) {
  const { app, fanout } = await createServer({ ...options, feed })
  feed.tell(fanout)
  return app
}

function feedLog(db: Database, log: Logger): FeedLog {
  const wakes = watchWakes(() =>
    log.warn(
      'commits are not announced here, so jobs come up to a second late: LISTEN needs a session of its own, which a pooler in transaction mode does not give',
    ),
  )
  return {
    async state() {
      const state = await readState(db)
      wakes.found(state.lastId)
      return state
    },
    read: (afterId, limit) => readFeed(db, afterId, limit),
    readTail: (limit) => readFeedTail(db, limit),
    listen: (onCommit, onListening) =>
      listenForCommits(
        db,
        (commit) => {
          wakes.woken(commit.lastId)
          onCommit(commit)
        },
        onListening,
      ),
  }
}

async function collect(
  db: Database,
  metrics: Metrics,
  lastId: number | null | undefined,
  working = false,
): Promise<void> {
  metrics.indexerWorking.set(working ? 1 : 0)
  const state = await readState(db).catch(() => null)
  metrics.databaseUp.set(state ? 1 : 0)
  metrics.feedLastId.set(lastId ?? state?.lastId ?? 0)
  if (!state) return
  metrics.headBlock.set(state.headNumber ?? 0)
  metrics.indexedBlock.set(state.blockNumber ?? 0)
  metrics.lagBlocks.set(lagBlocks(state))
  metrics.lagSeconds.set(lagSeconds(state))
  metrics.checkedAgoSeconds.set(state.checkedAgo ?? Number.NaN)
}
