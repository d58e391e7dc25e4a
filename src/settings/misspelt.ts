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
      const meant = names.find((name) => looksLike(found.toUpperCase(), name))
      return meant === undefined ? [] : [`${found} is not a setting; is ${meant} meant?`]
    })
}

/** Whether a variable has the first letter of a setting and either a typing mistake or another last word than its third. */
function looksLike(found: string, name: string): boolean {
  if (name.length < SHORTEST_MISSPELT || found[0] !== name[0]) return false
  const stem = name.split('_').slice(0, -1)
  if (stem.length > 1 && `${found}_`.startsWith(`${stem.join('_')}_`)) return true
  // Two mistakes in a longer name, one in a shorter one. Two swapped letters are one mistake of distance 2.
  return distance(found, name) <= (name.length > 8 || lettersOf(found) === lettersOf(name) ? 2 : 1)
}

function lettersOf(name: string): string {
  return [...name].sort().join('')
}
