import { readFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setImmediate } from 'node:timers/promises'

const TCP_TABLES = ['/proc/net/tcp', '/proc/net/tcp6']
/**
 * Captures the local port, the last 4 bytes of the remote address, the remote port and the bytes in the send
 * queue, all in hex.
 */
const TCP_ROW =
  /^ *\d+: [0-9A-F]+:([0-9A-F]{4}) [0-9A-F]*([0-9A-F]{8}):([0-9A-F]{4}) [0-9A-F]{2} ([0-9A-F]{8}):/gm

/** Rows that are parsed before the event loop has a turn. They take some 0.5 ms. */
const ROWS_PER_SLICE = 200

/**
 * Reads from the kernel's tables how many bytes the clients of some TCP connections have not acknowledged. Node
 * does not show whether a slow client makes progress: the kernel reports a socket as writable only when a
 * third of its send buffer is free, which took 58 s for a client that read 20 kB/s.
 * @param keys the `connectionKey` of each connection to read
 * @returns bytes by key; empty on systems other than Linux
 */
export async function readUnsent(keys: ReadonlySet<string>): Promise<Map<string, number>> {
  const unsent = new Map<string, number>()
  let rows = 0
  for (const path of TCP_TABLES) {
    const table = await readFile(path, 'latin1').catch(() => '')
    for (const [, local, address, remote, bytes] of table.matchAll(TCP_ROW)) {
      const key = `${local} ${address} ${remote}`
      if (keys.has(key)) unsent.set(key, Number.parseInt(`${bytes}`, 16))
      if (++rows % ROWS_PER_SLICE === 0) await setImmediate()
    }
  }
  return unsent
}

/**
 * Returns the key of a socket's connection: its ports and the last 4 bytes of the remote address, which IPv4
 * and IPv6 both have.
 */
export function connectionKey({ localPort = 0, remoteAddress = '', remotePort = 0 }: Socket): string {
  // The kernel prints each 32 bits of an address with the least significant byte first.
  const address = lastBytes(remoteAddress)
    .reverse()
    .map((byte) => upperHex(byte, 2))
  return `${upperHex(localPort, 4)} ${address.join('')} ${upperHex(remotePort, 4)}`
}

/** Returns the last 4 bytes of an IPv4 or IPv6 address. */
function lastBytes(address: string): number[] {
  const groups = address.split(':')
  const ipv4 = groups.at(-1)
  if (ipv4?.includes('.')) return ipv4.split('.').map(Number)
  return groups
    .slice(-2)
    .map((group) => Number.parseInt(group || '0', 16))
    .flatMap((group) => [group >> 8, group & 255])
}

function upperHex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, '0')
}
