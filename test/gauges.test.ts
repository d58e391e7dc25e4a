import { expect, it } from 'vitest'
import { observeIndex } from '../src/gauges.ts'
import { createMetrics } from '../src/observe/metrics.ts'
import type { IndexState } from '../src/store/state.ts'

const state: IndexState = {
  lastId: 7,
  prunedId: 0,
  chainId: 1,
  contractAddress: null,
  startBlock: 0,
  blockNumber: 90,
  blockTimestamp: '1000',
  finalizedNumber: 80,
  headNumber: 100,
  headTimestamp: '1120',
  checkedAgo: 0.5,
  silent: false,
  readOnly: false,
}

it('a scrape reads the state once, and during an outage of the database the gauges keep their last values', async () => {
  const { registry } = createMetrics()
  let reads = 0
  let answer = () => Promise.resolve(state)
  const readState = () => {
    reads++
    return answer()
  }
  observeIndex(registry, { readState, feedLastId: () => null, confirmations: 0, isWorking: () => true })
  async function scrape() {
    const values = await registry.getMetricsAsJSON()
    return Object.fromEntries(
      values
        .filter(({ name }) => /^jobcast_(?!build)/.test(name))
        .flatMap(({ name, values }) => values.map(({ value }) => [name.slice('jobcast_'.length), value])),
    )
  }

  const known = {
    head_block: 100,
    indexed_block: 90,
    lag_blocks: 10,
    lag_seconds: 120,
    chain_contact_age_seconds: 0.5,
    feed_last_id: 7,
    indexer_working: 1,
  }
  expect(await scrape()).toMatchObject({ ...known, database_up: 1 })
  expect(reads).toBe(1)
  answer = () => Promise.reject(new Error('the database is unreachable'))
  expect(await scrape()).toMatchObject({ ...known, database_up: 0 })
  expect(reads).toBe(2)
})

it.each([
  ['the database has not answered yet', () => Promise.reject(new Error('the database is unreachable'))],
  [
    'no indexer has reached the chain yet',
    () =>
      Promise.resolve({
        ...state,
        blockNumber: null,
        headNumber: null,
        headTimestamp: null,
        checkedAgo: null,
      }),
  ],
])(
  'while %s, the position in the chain is NaN, which no alert takes for a measurement',
  async (_, readState) => {
    const { registry } = createMetrics()
    observeIndex(registry, { readState, feedLastId: () => 7, confirmations: 0, isWorking: () => false })
    const text = await registry.metrics()
    for (const name of [
      'head_block',
      'indexed_block',
      'lag_blocks',
      'lag_seconds',
      'chain_contact_age_seconds',
    ])
      expect(text).toContain(`\njobcast_${name} Nan\n`)
    expect(text).toContain('\njobcast_feed_last_id 7\n')
  },
)
