/**
 * Maximum number of requests under way at once. The headers of a step near the head need 22. If a node gives
 * no `blockTimestamp`, a range needs the headers of all its blocks with logs: thousands.
 */
const AT_ONCE = 32

/** Like `Promise.all(items.map(request))`, but with at most {@link AT_ONCE} requests under way at once. */
export async function mapBounded<Item, Result>(
  items: Item[],
  request: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < items.length; i += AT_ONCE)
    results.push(...(await Promise.all(items.slice(i, i + AT_ONCE).map(request))))
  return results
}
