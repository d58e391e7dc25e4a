import type { Hex, RpcLog } from 'viem'
import { expect, it } from 'vitest'
import { accountsFor, bloomMayHold } from '../../src/chain/bloom.ts'
import { bloomOf } from '../model/bloom.ts'

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const addressOf = (n: number): Hex => `0x${n.toString(16).padStart(40, '0')}`
const logOf = (address: Hex, ...topics: Hex[]) => ({ address, topics }) as RpcLog

const US = addressOf(0xc0ffee)
const EVENTS = [1, 2, 3, 4, 5, 6, 7].map((n) => word(1_000_000 + n))
/** Logs of other contracts, each with a topic of its own. */
const foreign = (count: number) => Array.from({ length: count }, (_, i) => logOf(addressOf(i % 10), word(i)))

async function accounted(logs: RpcLog[]) {
  let pauses = 0
  const found = await accountsFor(logs, [US, ...EVENTS], async () => void pauses++)
  return { found, pauses }
}

it('a bloom announces the addresses and topics in it', () => {
  const bloom = bloomOf([...foreign(100), logOf(US, EVENTS[0] as Hex)])
  expect(bloomMayHold(bloom, [US, EVENTS[0] as Hex])).toBe(true)
  expect(bloomMayHold(bloom, [US, EVENTS[1] as Hex])).toBe(false)
})

it.each([
  ['all ones', `0x${'f'.repeat(512)}`],
  ['that of 2,000 logs', bloomOf([...foreign(2_000), logOf(US, EVENTS[0] as Hex)])],
  ['too short', '0xff'],
] as [string, Hex][])('a bloom announces nothing if it is %s', (_name, bloom) => {
  expect(bloomMayHold(bloom, [US, EVENTS[0] as Hex])).toBe(false)
})

it('each address and topic of a block is hashed once for all events, with pauses', async () => {
  const logs = foreign(1_000)
  // 1,000 topics and 10 addresses; a pause after every 200 of them.
  expect(await accounted([...logs, ...logs, ...logs])).toEqual({ found: false, pauses: 5 })
})

it('the hashing ends with the last bit that was missing', async () => {
  const ours = EVENTS.map((event) => logOf(US, event))
  expect(await accounted([...ours, ...foreign(1_000)])).toEqual({ found: true, pauses: 0 })
  expect(await accounted([...ours.slice(1), ...foreign(100)])).toEqual({ found: false, pauses: 0 })
})
