import { isIPv6 } from 'node:net'
import type { FastifyInstance } from 'fastify'

declare module 'fastify' {
  interface FastifyRequest {
    /** The client's {@link addressKey}, set by {@link keyAddresses}. */
    addressKey: string
  }
}

/**
 * Sets `addressKey` of each request, once, because `request.ip` parses the headers of the proxies at each
 * access. Register it before everything that counts requests.
 */
export function keyAddresses(app: FastifyInstance): void {
  app.decorateRequest('addressKey', '')
  app.addHook('onRequest', (request, _reply, done) => {
    request.addressKey = addressKey(request.ip)
    done()
  })
}

/**
 * Returns the key by which limits count a client: its IPv4 address, even if written as `::ffff:192.0.2.1`, or the
 * /64 network of its IPv6 address, because one customer commonly has a whole /64. `unknown` if the client has
 * disconnected.
 */
export function addressKey(ip: string | undefined): string {
  // normalizeIP of @fastify/rate-limit would take 20 µs for an IPv6 address. This takes 1 to 2 µs.
  if (ip === undefined) return 'unknown'
  const address = ip.toLowerCase()
  if (address.startsWith('::ffff:') && address.includes('.')) return address.slice(7)
  if (!isIPv6(address)) return address
  const [head = '', tail] = address.split('::')
  const left = head ? head.split(':') : []
  const right = tail ? tail.split(':') : []
  // Math.max, because a zone id (`fe80::1%a:b`) may have colons, so that there are more than eight parts.
  const zeros = new Array(Math.max(0, 8 - left.length - right.length)).fill('0')
  const network = [...left, ...zeros, ...right].slice(0, 4).map((part) => part.replace(/^0+(?=.)/, ''))
  return `${network.join(':')}::/64`
}
