import type { Config } from '../config.ts'

/**
 * Text that any message may hold: short, or nothing but letters or nothing but digits. Searching for it would garble log
 * lines, so a secret of this form is removed from URLs only.
 */
const ORDINARY = /^(.{0,7}|[a-z]{0,15}|[0-9]{0,19})$/is

/**
 * The secrets of a configuration: API keys, passwords, and the parts of RPC URLs that may be keys. Each in every form in
 * which a library may quote it. Ordinary words are left out: redactor() removes them with the URL around them.
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
  const { username, password, pathname, searchParams } = new URL(url)
  const basic = username && btoa(`${decoded(username)}:${decoded(password)}`)
  return [username, basic, ...passwordsIn(url), ...pathname.split('/'), ...searchParams.values()]
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

/** A text as it stands inside of a JSON string. */
function jsonText(text: string): string {
  return JSON.stringify(text).slice(1, -1)
}

/**
 * Returns a function that removes secrets from a text, which may be a line of JSON: every URL is reduced to its scheme and
 * host, every key in a query is removed, and so are the given secrets wherever they stand.
 */
export function redactor(secrets: string[]): (text: string) => string {
  if (secrets.length === 0) return redactUrls
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  // The longest first: one secret may be part of another.
  const any = new RegExp(
    [...secrets]
      .sort((a, b) => b.length - a.length)
      .map(literal)
      .join('|'),
    'g',
  )
  return (text) => redactUrls(text).replace(any, '[redacted]')
}

/** A file's URL holds no secret, and the lines of a stack begin with one. */
const URLS = /\b(?!file:)([a-z][a-z0-9+.-]{0,20}:\/\/)([^\s"<>\\]+)/gi
const QUERY_KEYS = /\b(api_?key=)[^&\s"'<>\\`]+/gi

/** Reduces each URL of a text to scheme and host. */
export function redactUrls(text: string): string {
  const short = text.includes('://')
    ? text.replace(URLS, (_, scheme: string, rest: string) => {
        const punctuation = /[)\]}'`,.;:!?]*$/.exec(rest)?.[0] ?? ''
        return scheme + hostIn(rest.slice(0, rest.length - punctuation.length)) + punctuation
      })
    : text
  return short.replace(QUERY_KEYS, '$1[redacted]')
}

/** The host of what follows `://`, and `[redacted]` for anything else. */
function hostIn(rest: string): string {
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/s.exec(rest) ?? []
  // An unescaped / ? or # in a password ends the authority too early: an @ after it tells.
  if (path.includes('@')) return '[redacted]'
  const host = authority.slice(authority.lastIndexOf('@') + 1)
  return host === rest || `${host}/` === rest ? rest : `${host}/[redacted]`
}
