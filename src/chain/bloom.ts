import { type Hex, hexToBytes, keccak256 } from 'viem'

/**
 * Whether a block's bloom says that it may hold a log with all of these values (address, topics). "No" is
 * certain, "yes" is not (Yellow Paper, section 4.4.3: three bits of 2048 for each value).
 * @param logsBloom 256 bytes; anything else says "no", as chains without blooms send zeroes
 */
export function bloomMayHold(logsBloom: Hex, values: Hex[]): boolean {
  if (logsBloom.length !== 514) return false
  return values.every((value) => bits(value).every((bit) => isSet(logsBloom, bit)))
}

const known = new Map<Hex, number[]>()

function bits(value: Hex): number[] {
  let found = known.get(value)
  if (!found) {
    const hash = hexToBytes(keccak256(hexToBytes(value)))
    found = [0, 2, 4].map((i) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) & 2047)
    known.set(value, found)
  }
  return found
}

function isSet(logsBloom: Hex, bit: number): boolean {
  const digit = Number.parseInt(logsBloom.charAt(513 - (bit >> 2)), 16)
  return (digit & (1 << (bit & 3))) !== 0
}
