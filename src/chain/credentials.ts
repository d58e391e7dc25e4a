import { basicCredentials } from '../observe/secrets.ts'

/**
 * Moves the credentials of a URL into a header. `fetch` refuses a URL with credentials, and `ws` would send
 * them percent-encoded.
 */
export function splitCredentials(url: string): { bareUrl: URL; headers: { authorization?: string } } {
  const bareUrl = new URL(url)
  const credentials = basicCredentials(bareUrl)
  bareUrl.username = bareUrl.password = ''
  return { bareUrl, headers: credentials === null ? {} : { authorization: `Basic ${credentials}` } }
}
