import { randomUUID } from 'node:crypto'
import type { Logger } from 'pino'
import { createRpcSource, describe } from './chain/rpc.ts'
import type { Header } from './chain/source.ts'
import type { Config } from './config.ts'
import { type Feed, type FeedLog, openFeed } from './feed.ts'
import { createOperationServer } from './http/operation.ts'
import { createServer, type ServerOptions } from './http/server.ts'
import type { Fanout } from './http/stream/fanout.ts'
import { createConverge, type Report } from './indexer/converge.ts'
import { createProgress } from './indexer/progress.ts'
import { runIndexer } from './indexer/run.ts'
import { jobCreatedTopic } from './job.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import { lagBlocks, lagSeconds } from './status.ts'
import { readPosition } from './store/cursor.ts'
import type { Database } from './store/database.ts'
import { pruneFeed, readFeed, readFeedTail } from './store/feedLog.ts'
import { readHistory, readJob } from './store/history.ts'
import { openDatabase } from './store/open.ts'
import { readStats } from './store/stats.ts'
import { WAKE_CHANNEL } from './store/step.ts'
import { watchDatabase } from './store/watch.ts'
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
 * @throws DatabaseError, or the listener's error where the port is taken; every other fault is retried while it runs
 */
export async function createApp(config: Readonly<Config>, log: Logger): Promise<App> {
  const metrics = createMetrics(version)
  const db = measured(await openDatabase(config, log), metrics)
  metrics.databaseConnections.set(config.databaseUrl === undefined ? 1 : config.databaseConnections)
  const indexer = config.role === 'api' ? undefined : startIndexer(config, db, metrics, log)
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
    readPosition: () => readPosition(db),
    indexerFault: () => indexer?.fault(),
    collect: () => collect(db, metrics, feed?.lastId(), indexer?.working()),
  }
  try {
    const app = feed
      ? await serveFeed(feed, {
          ...operation,
          version,
          readHistory: (query) => readHistory(db, query),
          readJob: (jobId) => readJob(db, jobId),
          readStats: () => readStats(db),
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

function measured(db: Database, metrics: Metrics): Database {
  return watchDatabase(db, {
    began: () => metrics.databaseActive.inc(),
    ended(seconds, failed) {
      metrics.databaseActive.dec()
      metrics.databaseSeconds.observe(seconds)
      if (failed) metrics.databaseErrors.inc()
    },
  })
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
    async position() {
      const position = await readPosition(db)
      wakes.found(position.lastId)
      return position
    },
    read: (afterId, limit) => readFeed(db, afterId, limit),
    readTail: (limit) => readFeedTail(db, limit),
    listen: (onWake, onListening) =>
      db.listen(
        WAKE_CHANNEL,
        (payload) => {
          const [id, blockNumber] = payload.split(' ').map(Number)
          wakes.woken(id as number)
          onWake(id as number, blockNumber as number)
        },
        onListening,
      ),
  }
}

function startIndexer(config: Config, db: Database, metrics: Metrics, parent: Logger) {
  const log = parent.child({ room: 'indexer' })
  const me = randomUUID()
  const source = createRpcSource(
    config.rpcUrls,
    { address: config.contract, topic: jobCreatedTopic },
    (method, seconds, error) => {
      metrics.rpcSeconds.observe({ method }, seconds)
      if (error === undefined) return
      metrics.rpcErrors.inc({ method })
      log.debug({ method }, `RPC request failed: ${describe(error)}`)
    },
  )
  let head: Header | null = null
  const progress = createProgress(log)
  const report: Report = {
    head(latest) {
      head = latest
    },
    advanced(cursor, step) {
      metrics.jobsIndexed.inc(step.jobs.length)
      progress(cursor, step)
      for (const { log: found, reason } of step.malformed) {
        metrics.malformedLogs.inc()
        log.warn(
          { transactionHash: found.transactionHash, blockNumber: Number(found.blockNumber), reason },
          'a log of the contract does not decode; it is kept in malformed_logs',
        )
      }
    },
    rewound(cursor, ancestor, removed) {
      metrics.reorgs.inc()
      metrics.reorgDepth.observe(cursor.blockNumber - ancestor)
      log.info({ from: cursor.blockNumber, to: ancestor, jobsRemoved: removed }, 'the chain was reorganised')
    },
    bloomMismatch(header) {
      metrics.bloomMismatches.inc()
      log.debug({ blockNumber: header.number }, "the block's bloom announced logs that no endpoint has")
    },
  }
  const step = createConverge({
    source,
    db,
    me,
    contract: config.contract,
    startBlock: config.startBlock,
    confirmations: config.confirmations,
    pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    now: () => performance.now(),
    report,
  })
  const indexer = runIndexer({
    source,
    db,
    me,
    pollIntervalMs: config.pollIntervalMs,
    async converge() {
      const done = metrics.stepSeconds.startTimer()
      const outcome = await step()
      if (outcome === 'moved' || outcome === 'arrived') done()
      return outcome
    },
    head: () => head,
    log,
  })
  return {
    working: () => indexer.state().name === 'working',
    /** Only what an operator must mend: a passing fault shows in the lag. */
    fault() {
      const state = indexer.state()
      return state.name === 'halted' ? state.reason : undefined
    },
    async stop() {
      await indexer.stop()
      await source.close()
    },
  }
}

async function collect(
  db: Database,
  metrics: Metrics,
  lastId: number | null | undefined,
  working = false,
): Promise<void> {
  metrics.indexerWorking.set(working ? 1 : 0)
  const position = await readPosition(db).catch(() => null)
  metrics.databaseUp.set(position ? 1 : 0)
  metrics.feedLastId.set(lastId ?? position?.lastId ?? 0)
  if (!position) return
  metrics.headBlock.set(position.headNumber ?? 0)
  metrics.indexedBlock.set(position.blockNumber ?? 0)
  metrics.lagBlocks.set(lagBlocks(position))
  metrics.lagSeconds.set(lagSeconds(position))
  metrics.checkedAgoSeconds.set(position.checkedAgo ?? Number.NaN)
}
