import { basicCredentials } from '../observe/secrets.ts'

/**
 * Moves the credentials of a URL into a header. `fetch` refuses a URL with credentials, and `ws` would send
 * them percent-encoded.
 */
export function moveCredentials(url: string): { address: URL; headers: { authorization?: string } } {
  const address = new URL(url)
  const credentials = basicCredentials(address)
  address.username = address.password = ''
  return { address, headers: credentials === null ? {} : { authorization: `Basic ${credentials}` } }
}
