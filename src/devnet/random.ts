/** A random integer from 0 up to, not including, `limit`. */
export function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit)
}

/** A random element of a list that is not empty. */
export function randomOf<T>(list: readonly T[]): T {
  return list[randomBelow(list.length)] as T
}
