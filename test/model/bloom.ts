import { type Hex, hexToBytes, keccak256, type RpcLog } from 'viem'

export const EMPTY_BLOOM: Hex = `0x${'0'.repeat(512)}`

const bitsMemo = new Map<string, number[]>()

/** The three bits of a value (Yellow Paper, section 4.4.3). */
function bits(value: Hex): number[] {
  const computed = bitsMemo.get(value) ?? bitsOf(value)
  bitsMemo.set(value, computed)
  return computed
}

function bitsOf(value: Hex): number[] {
  const hash = hexToBytes(keccak256(hexToBytes(value)))
  return [0, 2, 4].map((i) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) % 2048)
}

/** The bloom of a block's logs, from their addresses and first topics. */
export function bloomOf(logs: RpcLog[]): Hex {
  const bytes = Buffer.alloc(256)
  for (const log of logs)
    for (const value of [log.address, log.topics[0] as Hex])
      for (const bit of bits(value))
        bytes[255 - (bit >> 3)] = (bytes[255 - (bit >> 3)] as number) | (1 << (bit & 7))
  return `0x${bytes.toString('hex')}`
}

const lookalikesMemo = new Map<string, Hex[]>()

/** Addresses whose bits together cover those of a contract and an event: their bloom is a false positive. */
export function lookalikes(contract: Hex, topic: Hex): Hex[] {
  const key = `${contract} ${topic}`
  const memoized = lookalikesMemo.get(key)
  if (memoized) return memoized
  const addresses: Hex[] = []
  const wanted = new Set([...bits(contract), ...bits(topic)])
  for (let i = 1; wanted.size > 0; i++) {
    const address: Hex = `0x${i.toString(16).padStart(40, '0')}`
    const useful = bitsOf(address).filter((bit) => wanted.has(bit))
    if (useful.length === 0) continue
    addresses.push(address)
    for (const bit of useful) wanted.delete(bit)
  }
  lookalikesMemo.set(key, addresses)
  return addresses
}
