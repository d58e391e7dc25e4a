/**
 * Maximum number of requests under way at once. The headers of a step near the head need 22. If a node gives
 * no `blockTimestamp`, a range needs the headers of all its blocks with logs: thousands.
 */
const MAX_RUNNING = 32

/** Like `Promise.all(items.map(request))`, but with at most {@link MAX_RUNNING} requests under way at once. */
export async function mapBounded<Item, Result>(
  items: Item[],
  request: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (let i = 0; i < items.length; i += MAX_RUNNING)
    results.push(...(await Promise.all(items.slice(i, i + MAX_RUNNING).map(request))))
  return results
}
