import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import type { Feed } from '../feed/feed.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { HistoryQuery, readHistory } from '../store/history.ts'
import type { readJob } from '../store/lifecycle.ts'
import type { IndexState } from '../store/state.ts'
import type { readTotals } from '../store/stats.ts'

/** Dependencies of the server. Each route picks those it needs. */
export interface ServerOptions {
  config: Config
  contract: Contract
  metrics: Metrics
  log: FastifyBaseLogger
  /** undefined in a process that only indexes */
  feed: Feed | undefined
  readState(): Promise<IndexState>
  readTotals(): ReturnType<typeof readTotals>
  readHistory(query: HistoryQuery): ReturnType<typeof readHistory>
  /** null if there is no such job */
  readJob(jobId: string): ReturnType<typeof readJob>
  /** why this process's indexer is halted; undefined if it is not, or if the process has none */
  haltReason(): string | undefined
}
