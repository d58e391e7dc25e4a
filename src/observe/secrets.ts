import type { Config } from '../config.ts'

/**
 * Matches text that may occur in any message: up to 7 characters, 15 letters or 19 digits. Replacing it
 * everywhere would garble log lines, so a secret of this form is only removed from URLs.
 */
const ORDINARY = /^(.{0,7}|[a-z]{0,15}|[0-9]{0,19})$/is

/**
 * Returns the secrets of a configuration: API keys, passwords, and the parts of RPC URLs that may be keys,
 * each in every form in which a library may quote it. Ordinary text is left out: redactor()
 * removes it only in a URL, or as the `api_key` of a query.
 */
export function secretsOf({
  rpcUrls,
  databaseUrl,
  apiKeys,
}: Pick<Config, 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): string[] {
  const secrets = [...apiKeys, ...rpcUrls.flatMap(keysIn), ...(databaseUrl ? passwordsIn(databaseUrl) : [])]
  const forms = secrets.flatMap((secret) => [secret, decoded(secret), encodeURIComponent(decoded(secret))])
  return [...new Set(forms.flatMap((form) => [form, jsonText(form)]))].filter((form) => !ORDINARY.test(form))
}

function keysIn(url: string): string[] {
  const parsed = new URL(url)
  const { username, password, pathname, searchParams } = parsed
  const basic = basicCredentials(parsed) ?? ''
  return [username, basic, password, ...pathname.split('/'), ...searchParams.values()]
}

/** Returns a URL's credentials as Basic authentication sends them (RFC 7617); null if it has none. */
export function basicCredentials({ username, password }: URL): string | null {
  if (!username && !password) return null
  return Buffer.from(`${decoded(username)}:${decoded(password)}`).toString('base64')
}

function passwordsIn(url: string): string[] {
  const { password, searchParams } = new URL(url)
  return [password, ...searchParams.getAll('password')]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Escapes a text as inside a JSON string. */
function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/**
 * Returns a function that removes secrets from a text, which may be a line of JSON. It reduces each URL to
 * scheme and host, and replaces each `api_key` of a query and each of the given secrets.
 */
export function redactor(secrets: string[]): (text: string) => string {
  if (secrets.length === 0) return redactUrls
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // The longest first, because one secret may be part of another.
  const secret = new RegExp(
    [...secrets]
      .sort((a, b) => b.length - a.length)
      .map(literal)
      .join('|'),
    'g',
  )
  return (text) => redactUrls(text).replace(secret, '[redacted]')
}

/** Matches URLs except `file:` URLs, which hold no secret and occur in stack traces. */
const URLS = /\b(?!file:)([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"<>\\]+)/gi
const QUERY_KEYS = /\b(api_?key=)[^&\s"'<>\\`]+/gi

/** Reduces each URL in a text to scheme and host, and replaces each `api_key` of a query. */
function redactUrls(text: string): string {
  const short = text.includes('://')
    ? text.replace(URLS, (_, scheme: string, rest: string) => {
        const end = endOfUrl(rest)
        return scheme + hostIn(rest.slice(0, end)) + rest.slice(end)
      })
    : text
  return short.replace(QUERY_KEYS, '$1[redacted]')
}

/** Returns where the punctuation after a URL begins. A regular expression would take quadratic time. */
function endOfUrl(text: string): number {
  let end = text.length
  while (end > 0 && ")]}'`,.;:!?".includes(text.charAt(end - 1))) end -= 1
  return end
}

/** Returns the host from the text after `://`, followed by `[redacted]` if there was more. */
function hostIn(rest: string): string {
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  // An unescaped / ? or # in a password makes the authority end too early. A later @ shows that
  // this happened.
  if (path.includes('@')) return '[redacted]'
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return host === rest || `${host}/` === rest ? rest : `${host}/[redacted]`
}
