import { closest, distance } from 'fastest-levenshtein'
import { settings } from './settings.ts'

/**
 * Length of the shortest name that is compared. HOST and PORT are as close to other programs' variables as to
 * a misspelling.
 */
const SHORTEST_MISSPELT = 7

/**
 * Returns a warning for each variable that is not a setting but looks like one. Variables of other programs
 * get none.
 */
export function misspellingWarnings(env: Record<string, string>): string[] {
  const names = settings.map(({ name }) => name)
  return Object.keys(env)
    .filter((found) => !names.includes(found))
    .flatMap((found) => {
      const upper = found.toUpperCase()
      const similar = names.filter((name) => looksLike(upper, name))
      return similar.length === 0
        ? []
        : [`${found} is not a setting; did you mean ${closest(upper, similar)}?`]
    })
}

/** Returns whether a variable is a longer, a shorter or a mistyped form of a setting's name. */
function looksLike(found: string, name: string): boolean {
  if (name.length < SHORTEST_MISSPELT || found[0] !== name[0]) return false
  if (distinctivePrefixesOf(name).some((prefix) => `${found}_`.startsWith(`${prefix}_`))) return true
  // A beginning of the name, such as CONTRACT_ADDR, that is longer than its first word. The first word alone
  // may be another program's variable.
  if (found.includes('_') && name.startsWith(found)) return true
  // Two mistakes in a longer name, one in a shorter one. Two swapped letters are one mistake of distance 2.
  return distance(found, name) <= (name.length > 8 || lettersOf(found) === lettersOf(name) ? 2 : 1)
}

/**
 * Returns the beginnings of a setting's name that, followed by other words, are unlikely to be another
 * program's variable.
 */
function distinctivePrefixesOf(name: string): string[] {
  // Hosting platforms set variants of it, such as DATABASE_URL_UNPOOLED.
  if (name === 'DATABASE_URL') return []
  if (name === 'DATABASE_CONNECTIONS') return [name, 'DATABASE_POOL']
  const withoutUnit = name.replace(/_(MS|SECONDS)$/, '')
  const withoutLast = name.split('_').slice(0, -1)
  return [name, withoutUnit, ...(withoutLast.length > 1 ? [withoutLast.join('_')] : [])]
}

function lettersOf(name: string): string {
  return [...name].sort().join('')
}
