import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { staleness } from '../../src/indexer/staleness.ts'
import type { IndexState } from '../../src/store/state.ts'
import { startChain } from '../helpers/anvil.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { until } from '../helpers/until.ts'
import { startIndexing } from './indexing.ts'

const FRESH: IndexState = {
  lastId: 1,
  prunedId: 1,
  chainId: 1,
  contract: '0x',
  startBlock: 1,
  blockNumber: 1_000,
  blockTimestamp: '1700000000',
  finalizedNumber: 900,
  headNumber: 1_000,
  headTimestamp: '1700000000',
  checkedAgo: 1,
  indexer: 'a',
  silent: false,
  readOnly: false,
}
const LIMITS = { maxLagSeconds: 60, confirmations: 0 }

describe('staleness', () => {
  it('does not depend on the age of a head that an indexer has just seen', () => {
    expect(staleness({ ...FRESH, blockTimestamp: '1', headTimestamp: '1' }, LIMITS)).toBeUndefined()
  })

  it('begins when no indexer had an answer for longer than the limit', () => {
    expect(staleness({ ...FRESH, checkedAgo: 61 }, LIMITS)).toMatch(/no indexer has had an answer .* 61 s/)
  })

  it('does not count blocks that lack confirmations', () => {
    const sixBelow = { ...FRESH, headNumber: 1_006, headTimestamp: '1700000072' }
    expect(staleness(sixBelow, { ...LIMITS, confirmations: 6 })).toBeUndefined()
    expect(staleness(sixBelow, LIMITS)).toBe('the indexer is 6 blocks (72 s) behind the head')
  })

  it('counts the blocks that are missing beyond the confirmations', () => {
    const behind = { ...FRESH, headNumber: 1_012, headTimestamp: '1700000144' }
    expect(staleness(behind, { ...LIMITS, confirmations: 6 })).toMatch(/6 blocks \(72 s\)/)
    expect(staleness(behind, { ...LIMITS, confirmations: 7 })).toBeUndefined()
  })

  it('lasts until the first sync has reached the newest block with enough confirmations', () => {
    const syncing = { ...FRESH, silent: true, headNumber: 1_006 }
    expect(staleness(syncing, LIMITS)).toMatch(/at block 1000 of 1006/)
    expect(staleness(syncing, { ...LIMITS, confirmations: 6 })).toBeUndefined()
  })
})

describe('on a real chain', () => {
  let postgres: TestPostgres
  beforeAll(async () => {
    postgres = await startPostgres()
  })
  afterAll(() => postgres.stop())

  it('six confirmations of 12 s blocks and a chain that makes no blocks do not count as lag', async () => {
    // Its head is years old.
    const chain = await startChain({ args: ['--timestamp', '1700000000'] })
    onTestFinished(() => chain.stop())
    await chain.createJobs(3, { perTransaction: 1 })
    await chain.rpc('anvil_mine', ['0x28', '0xc'])
    const { number } = await chain.head()
    const { readState } = await startIndexing({
      urls: [chain.url],
      address: chain.address,
      databaseUrl: await postgres.createDatabase(),
      confirmations: 6,
    })
    const isFresh = async () => staleness(await readState(), { ...LIMITS, confirmations: 6 }) === undefined
    await until(isFresh, { message: 'the index is fresh' })
    expect((await readState()).blockNumber).toBe(number - 6)

    await chain.rpc('anvil_mine', ['0x8', '0xc'])
    await until(async () => (await readState()).blockNumber === number + 2)
    expect(await isFresh()).toBe(true)
  })
})
