import { isIPv6 } from 'node:net'

/**
 * Returns the key by which limits count a client: its IPv4 address, also if mapped into IPv6, or the /64 network of its IPv6
 * address, because one customer commonly has a whole /64. `unknown` if the client has disconnected.
 */
export function addressKey(ip: string | undefined): string {
  if (ip === undefined) return 'unknown'
  const address = ip.toLowerCase()
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = tail ? tail.split(':') : []
  const zeros = new Array(tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)).fill('0')
  const network = [...left, ...zeros, ...right].slice(0, 4).map((part) => part.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}
