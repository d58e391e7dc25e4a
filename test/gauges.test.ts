import { expect, it } from 'vitest'
import { observeIndex } from '../src/gauges.ts'
import { createMetrics } from '../src/observe/metrics.ts'
import type { IndexState } from '../src/store/state.ts'

const state: IndexState = {
  lastId: 7,
  prunedId: 0,
  chainId: 1,
  contract: null,
  startBlock: 0,
  blockNumber: 90,
  blockTimestamp: '1000',
  finalizedNumber: 80,
  headNumber: 100,
  headTimestamp: '1120',
  checkedAgo: 0.5,
  indexer: null,
  silent: false,
  readOnly: false,
}

it('a scrape reads the state once, and during an outage of the database the gauges keep their last values', async () => {
  const { registry } = createMetrics('test')
  let reads = 0
  let answer = () => Promise.resolve(state)
  const readState = () => {
    reads++
    return answer()
  }
  observeIndex(registry, { readState, feedLastId: () => null, confirmations: 0, isIndexing: () => true })
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
  answer = () => Promise.reject(new Error('the database is out of reach'))
  expect(await scrape()).toMatchObject({ ...known, database_up: 0 })
  expect(reads).toBe(2)
})

it('a value that is not known yet is NaN, so that no alert takes it for a measurement', async () => {
  const { registry } = createMetrics('test')
  const readState = () => Promise.reject(new Error('the database is out of reach'))
  observeIndex(registry, { readState, feedLastId: () => null, confirmations: 0, isIndexing: () => false })
  const text = await registry.metrics()
  for (const name of [
    'head_block',
    'indexed_block',
    'lag_seconds',
    'chain_contact_age_seconds',
    'feed_last_id',
  ])
    expect(text).toContain(`\njobcast_${name} Nan\n`)
  expect(text).toContain('\njobcast_database_up 0\n')
})
