import type { Registry } from 'prom-client'
import { memoize } from './memoize.ts'
import { observeGauge } from './observe/metrics.ts'
import { lagBlocks, lagSeconds } from './store/lag.ts'
import type { IndexState } from './store/state.ts'

interface IndexGauges {
  /** Returns a state that may be 0.5 s old, or rejects before a scrape times out. */
  readState(): Promise<IndexState>
  /** Returns the newest feed id that this process has read; null if it has read none. */
  feedLastId(): number | null
  /** number of blocks below the head that the indexer leaves out (CONFIRMATIONS) */
  confirmations: number
  /** whether this process indexes */
  isWorking(): boolean
}

/**
 * Registers the gauges of the index and the feed. One scrape uses one state for all of them, which may be 0.5
 * s old. If the database does not answer, they keep the values of the last state that was read. An unknown
 * value is NaN.
 */
export function observeIndex(
  registry: Registry,
  { readState, feedLastId, confirmations, isWorking }: IndexGauges,
): void {
  let latest: IndexState | undefined
  // 0 ms: the gauges of one scrape are read concurrently and share one call of readState().
  const read = memoize(async () => {
    const state = await readState().catch(() => undefined)
    latest = state ?? latest
    return state !== undefined
  }, 0)
  const observe = (name: string, help: string, value: (state: IndexState) => number | null) =>
    observeGauge(registry, name, help, async () => {
      await read()
      return (latest && value(latest)) ?? Number.NaN
    })

  observe(
    'jobcast_head_block',
    'Block number of the chain head when an indexer last read it.',
    (state) => state.headNumber,
  )
  observe('jobcast_indexed_block', 'Number of the block indexed last.', (state) => state.blockNumber)
  observe(
    'jobcast_lag_blocks',
    'Blocks between the indexed block and the block CONFIRMATIONS below the head.',
    (state) => (state.headNumber === null ? null : lagBlocks(state, confirmations)),
  )
  observe(
    'jobcast_lag_seconds',
    'Lag of the index in seconds of chain time, for the same blocks as jobcast_lag_blocks.',
    (state) => (state.headNumber === null ? null : lagSeconds(state, confirmations)),
  )
  observe(
    'jobcast_chain_contact_age_seconds',
    'Seconds since an indexer last had an answer from the chain.',
    (state) => state.checkedAgo,
  )
  observeGauge(
    registry,
    'jobcast_feed_last_id',
    'Newest feed id that this process has read; in a process without a feed, the newest id of the database.',
    async () => {
      await read()
      return feedLastId() ?? latest?.lastId ?? Number.NaN
    },
  )
  observeGauge(
    registry,
    'jobcast_database_up',
    '1 if the database answered when its state was last read, at most half a second before, else 0.',
    async () => ((await read()) ? 1 : 0),
  )
  observeGauge(
    registry,
    'jobcast_indexer_working',
    '1 if this process indexes, else 0: it serves only, stands by, or fails.',
    () => (isWorking() ? 1 : 0),
  )
}
