/** Returns a random integer from 0 up to, not including, `limit`. */
export function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** Returns a random element. @throws RangeError if the list is empty */
export function randomOf<T>(list: readonly T[]): T {
  const element = list[randomBelow(list.length)]
  if (element === undefined) throw new RangeError('the list is empty')
  return element
}
