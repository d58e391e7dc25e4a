import { commaSeparated, InvalidValue } from './values.ts'

/** The URLs in the form that `URL` gives them. None for an empty text: a process of role `api` needs no chain. */
export function rpcUrls(text: string): string[] {
  const urls = commaSeparated(text).map((item) => readUrl(item, /^(https?|wss?):\/\//i))
  if (urls.length === 0 && text !== '') throw new InvalidValue()
  return urls
}

/** The URL of a Postgres with one host. `URL` cannot parse several. */
export function databaseUrl(text: string): string {
  const [, authority = ''] = /^[^/]*\/\/([^/?#]*)/.exec(text) ?? []
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(','))
    throw new InvalidValue('it names several hosts; Jobcast connects to one')
  return readUrl(text, /^postgres(ql)?:\/\//i)
}

/**
 * Normalizes a URL. An unescaped `/`, `?` or `#` in a password ends the host too early. The rest may still parse as the URL
 * of another host, so an `@` after the host is refused.
 */
function readUrl(text: string, scheme: RegExp): string {
  if (!scheme.test(text)) throw new InvalidValue()
  const [, afterHost = ''] = /^[^/]*\/\/[^/?#]*(.*)$/s.exec(text) ?? []
  if (/[\s#]/.test(text) || afterHost.includes('@'))
    throw new InvalidValue(
      'in a user name or password, / ? # @ % and a space are %2F %3F %23 %40 %25 and %20',
    )
  if (!URL.canParse(text)) throw new InvalidValue('its host or its port is wrong')
  const url = new URL(text)
  // Clients decode these parts, and would fail at each request.
  const decodable = [url.username, url.password, url.host, url.pathname]
  if (!decodable.every(isDecodable)) throw new InvalidValue('a % in it is not followed by two hex digits')
  return url.href
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
