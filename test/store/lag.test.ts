import { describe, expect, it } from 'vitest'
import { staleness } from '../../src/store/lag.ts'
import type { IndexState } from '../../src/store/state.ts'

const FRESH: IndexState = {
  lastId: 1,
  prunedId: 1,
  chainId: 1,
  contractAddress: '0x',
  startBlock: 1,
  blockNumber: 1_000,
  blockTimestamp: '1700000000',
  finalizedNumber: 900,
  headNumber: 1_000,
  headTimestamp: '1700000000',
  checkedAgo: 1,
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
    expect(staleness(sixBelow, LIMITS)).toBe('the index lags by 6 blocks (72 s)')
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

  it('begins when the head is more chain time below the index than the limit', () => {
    const lagging = { ...FRESH, headNumber: 900, headTimestamp: '1699999939' }
    expect(staleness(lagging, LIMITS)).toBe(
      'the RPC lags: its head is block 900, and block 1000 is indexed already',
    )
    expect(staleness(lagging, { ...LIMITS, maxLagSeconds: 61 })).toBeUndefined()
  })
})
