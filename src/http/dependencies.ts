import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import type { Feed } from '../feed/feed.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Database } from '../store/database.ts'
import type { IndexState } from '../store/state.ts'

/** Dependencies of the server. Each route picks those it needs. */
export interface ServerDependencies {
  config: Config
  contract: Contract
  metrics: Metrics
  log: FastifyBaseLogger
  /** undefined in a process that only indexes */
  feed: Feed | undefined
  /** the connections of the indexer and the feed */
  db: Database
  /** the connections for the queries of the history and of single jobs */
  requestDb: Database
  /** Returns a state that may be 0.5 s old. @throws UnavailableError if the database does not answer in time */
  readState(): Promise<IndexState>
  /** why this process's indexer is halted; undefined if it is not, or if the process has none */
  haltReason(): string | undefined
}
