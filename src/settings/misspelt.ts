import { distance } from 'fastest-levenshtein'
import { settings } from './settings.ts'

/** HOST and PORT are so short that other programs' variables are as close to them as a typing mistake. */
const SHORTEST_MISSPELT = 7

/** A sentence for each variable that is not a setting but looks like one. Variables of other programs are left alone. */
export function misspelt(env: Record<string, string>): string[] {
  const names = settings.map(({ name }) => name)
  return Object.keys(env)
    .filter((found) => !names.includes(found))
    .flatMap((found) => {
      const meant = closest(found.toUpperCase(), names)
      return meant === undefined ? [] : [`${found} is not a setting; is ${meant} meant?`]
    })
}

function closest(found: string, names: string[]): string | undefined {
  const [meant] = names
    .filter((name) => looksLike(found, name))
    .sort((a, b) => distance(found, a) - distance(found, b))
  return meant
}

/** Whether a variable is a longer, a shorter or a mistyped form of a setting's name. */
function looksLike(found: string, name: string): boolean {
  if (name.length < SHORTEST_MISSPELT || found[0] !== name[0]) return false
  if (distinctivePrefixesOf(name).some((prefix) => `${found}_`.startsWith(`${prefix}_`))) return true
  // Shortened after its first word: CONTRACT_ADDR. The first word alone may be another program's.
  if (found.includes('_') && name.startsWith(found)) return true
  // Two mistakes in a longer name, one in a shorter one. Two swapped letters are one mistake of distance 2.
  return distance(found, name) <= (name.length > 8 || lettersOf(found) === lettersOf(name) ? 2 : 1)
}

/** The first words of a setting's name that other programs' variables hardly begin with. A variable may go on after them. */
function distinctivePrefixesOf(name: string): string[] {
  // Platforms set variants of it, such as DATABASE_URL_UNPOOLED.
  if (name === 'DATABASE_URL') return []
  if (name === 'DATABASE_CONNECTIONS') return [name, 'DATABASE_POOL']
  const withoutUnit = name.replace(/_(MS|SECONDS)$/, '')
  const withoutLast = name.split('_').slice(0, -1)
  return [name, withoutUnit, ...(withoutLast.length > 1 ? [withoutLast.join('_')] : [])]
}

function lettersOf(name: string): string {
  return [...name].sort().join('')
}
