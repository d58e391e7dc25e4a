import type { Config } from './config.ts'

/** Shorter parts of a URL are words like `v3`, and no keys. */
const SHORTEST_KEY = 8

/** What must never be told: passwords, API keys, and the parts of RPC URLs that carry keys, as written and as decoded. */
export function secretsOf({
  rpcUrls,
  databaseUrl,
  apiKeys,
}: Pick<Config, 'rpcUrls' | 'databaseUrl' | 'apiKeys'>): string[] {
  const keys = [...apiKeys, ...rpcUrls.flatMap(keysIn), ...(databaseUrl ? passwordsIn(databaseUrl) : [])]
  return [...new Set(keys.flatMap((key) => [key, encodeURIComponent(key), decoded(key)]))].filter(Boolean)
}

function keysIn(url: string): string[] {
  const { username, pathname, searchParams } = new URL(url)
  const parts = [username, ...pathname.split('/'), ...searchParams.values()]
  return [...passwordsIn(url), ...parts.filter((part) => part.length >= SHORTEST_KEY)]
}

function passwordsIn(url: string): string[] {
  const { password, searchParams } = new URL(url)
  return [password, searchParams.get('password') ?? ''].filter(Boolean)
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

/** Takes the secrets out of a text, the longest first: one may be part of another. */
export function redactor(secrets: string[]): (text: string) => string {
  if (secrets.length === 0) return (text) => text
  const literal = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  const any = new RegExp(
    [...secrets]
      .sort((a, b) => b.length - a.length)
      .map(literal)
      .join('|'),
    'g',
  )
  return (text) => text.replace(any, '[redacted]')
}
