import { commaSeparated, InvalidValue } from './values.ts'

/**
 * Reads the RPC URLs and normalizes them with `URL`. None for an empty text: a process of role `api` needs
 * no chain.
 */
export function rpcUrls(text: string): string[] {
  return commaSeparated(text).map((item) => readUrl(item, /^(https?|wss?):\/\//i))
}

/** Reads the URL of a Postgres with one host. `URL` cannot parse several. */
export function databaseUrl(text: string): string {
  if (partsOf(text).host.includes(','))
    throw new InvalidValue('it names several hosts; Jobcast connects to one')
  return readUrl(text, /^postgres(ql)?:\/\//i)
}

/**
 * Normalizes a URL. An unescaped `/`, `?` or `#` in a password makes the host end too early. The rest may
 * still parse as the URL of another host, so an `@` after the host is refused.
 */
function readUrl(text: string, scheme: RegExp): string {
  if (!scheme.test(text)) throw new InvalidValue()
  const { user, host, afterHost } = partsOf(text)
  if (/\s/.test(user) || afterHost.includes('@'))
    throw new InvalidValue(
      'in a user name or password, write / ? # @ % and a space as %2F %3F %23 %40 %25 and %20',
    )
  if (/[\s#]/.test(afterHost)) throw new InvalidValue('after the host, write a space as %20 and # as %23')
  // Checked separately, because `URL` silently removes tabs and line breaks.
  if (/\s/.test(host) || !URL.canParse(text)) throw new InvalidValue('its host or its port is wrong')
  const url = new URL(text)
  // The RPC and database clients decode these parts, and would fail at each request.
  const decodable = [url.username, url.password, url.host, url.pathname]
  if (!decodable.every(isDecodable))
    throw new InvalidValue('a % in it does not begin an escape such as %20; write % itself as %25')
  return url.href
}

/** Splits a URL as text, whether or not it can be parsed. `user` ends with its `@`. */
function partsOf(text: string): { user: string; host: string; afterHost: string } {
  const [, user = '', host = '', afterHost = ''] = /^[^/]*\/\/([^/?#]*@)?([^/?#]*)(.*)$/s.exec(text) ?? []
  return { user, host, afterHost }
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
