import type { Logger } from 'pino'
import type { Config } from './config.ts'
import { loadContract } from './contract/load.ts'
import { withDeadline } from './deadline.ts'
import { UnavailableError } from './errors.ts'
import { openFeed } from './feed/feed.ts'
import { feedStore } from './feed/store.ts'
import { observeIndex } from './gauges.ts'
import { createServer } from './http/server.ts'
import { startIndexer } from './indexer/indexer.ts'
import { memoize } from './memoize.ts'
import { createMetrics } from './observe/metrics.ts'
import { createDatabase } from './store/database.ts'
import { openDriver } from './store/open.ts'
import { startPruning } from './store/pruning.ts'
import { readState } from './store/state.ts'

/**
 * The state of the index is read at most once in this time, in ms, however many probes, scrapes and clients
 * ask. The head is polled once a second, so the state may be a second old anyway.
 */
const STATE_MS = 500
/**
 * Deadline of the answer to each caller, in ms. Probes time out after a few seconds, and `/ready` must
 * report the reason before. By default, Prometheus gives up a scrape after 10 s.
 */
const STATE_DEADLINE_MS = 2_000

export interface App {
  /** base URL of the server */
  url: string
  /**
   * Ends the streams, waits for unanswered requests and for the indexer's step, and closes the database: at
   * most 10 s in all. Later calls return the promise of the first.
   */
  close(): Promise<void>
}

/**
 * Starts what the configured role needs (feed, indexer, HTTP server), and connects the parts.
 * @throws ConfigError, DefinitionError or DatabaseError, or the error of listening, for example if the
 * port is taken. Other failures, such as an RPC or a Postgres that does not answer, are retried while the
 * app runs.
 */
export async function createApp(config: Config, log: Logger): Promise<App> {
  const metrics = createMetrics()
  const contract = await loadContract(config.contract)
  const driver = await openDriver(config, contract, metrics, log)
  const db = createDatabase(driver)
  const requestDb = createDatabase(driver, 'requests')
  const feed = config.role === 'indexer' ? undefined : openFeed(feedStore(db), log.child({ room: 'feed' }))
  const onCommit = feed?.takeCommit ?? (() => {})
  const indexer =
    config.role === 'api'
      ? undefined
      : startIndexer({ config, contract, db, onCommit, metrics, log: log.child({ room: 'indexer' }) })
  const stopPruning = startPruning(db, config.feedRetentionSeconds, log)
  const late = () => new UnavailableError(`the database did not answer within ${STATE_DEADLINE_MS} ms`)
  const readShared = memoize(() => readState(db), STATE_MS)
  // The deadline is around the shared read: a read that is late goes on, and no other begins meanwhile.
  const sharedState = () => withDeadline(readShared(), STATE_DEADLINE_MS, late)
  observeIndex(metrics.registry, {
    readState: sharedState,
    feedLastId: () => feed?.lastId() ?? null,
    confirmations: config.confirmations,
    isWorking: () => indexer?.working() ?? false,
  })

  async function closeRooms(): Promise<void> {
    stopPruning()
    feed?.close()
    await indexer?.stop()
    await db.close()
  }

  try {
    const server = await createServer({
      config,
      metrics,
      contract,
      feed,
      // At level info, fastify would log the address a second time.
      log: log.child({ room: 'http' }, { level: config.logLevel === 'info' ? 'warn' : config.logLevel }),
      db,
      requestDb,
      readState: sharedState,
      haltReason: () => indexer?.haltReason(),
    })
    const url = await server.listen({ host: config.host, port: config.port }).catch(async (error) => {
      await server.close()
      throw error
    })
    let closing: Promise<void> | undefined
    return {
      url: url.replace('[::]', '[::1]'),
      close() {
        closing ??= server.close().finally(closeRooms)
        return closing
      },
    }
  } catch (error) {
    await closeRooms()
    throw error
  }
}
