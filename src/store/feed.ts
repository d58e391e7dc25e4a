import { asc, desc, gt, lte, sql } from 'drizzle-orm'
import { type Database, prepared } from './database.ts'
import { cursor, feed } from './schema.ts'

/** One entry of the public feed (schema.ts). */
export type FeedEntry = Omit<typeof feed.$inferSelect, 'createdAt'>

const entry = { id: feed.id, type: feed.type, data: feed.data, before: feed.before }

const entriesAfter = prepared(({ orm }) =>
  orm
    .select(entry)
    .from(feed)
    .where(gt(feed.id, sql.placeholder('afterId')))
    .orderBy(asc(feed.id))
    .limit(sql.placeholder('limit'))
    .prepare('feed_after'),
)

/** Reads at most `limit` feed entries after an id, oldest first. */
export async function readFeed(db: Database, afterId: number, limit: number): Promise<FeedEntry[]> {
  return entriesAfter(db).execute({ afterId, limit })
}

/**
 * Reads the newest feed entries, oldest first, within limits of their number and of the bytes of their data.
 */
export async function readFeedTail(
  { orm }: Database,
  limits: { events: number; bytes: number },
): Promise<FeedEntry[]> {
  const bytes = sql<number>`sum(octet_length(${feed.data})) over (order by ${feed.id} desc)`.as('bytes')
  const newest = orm
    .select({ ...entry, bytes })
    .from(feed)
    .orderBy(desc(feed.id))
    .limit(limits.events)
    .as('newest')
  const { id, type, data, before } = newest
  return orm
    .select({ id, type, data, before })
    .from(newest)
    .where(lte(newest.bytes, limits.bytes))
    .orderBy(asc(id))
}

/**
 * Deletes entries older than `seconds`, and records the last deleted id. Even if the database's clock was set
 * back, the deleted entries are the oldest by id, without a gap.
 */
export async function pruneFeed(db: Database, seconds: number): Promise<void> {
  await db.orm.execute(sql`
    with pruned as (
      delete from ${feed} where id <= (
        select max(id) from ${feed} where created_at < clock_timestamp() - ${seconds}::float8 * interval '1 second')
      returning id)
    update ${cursor} set pruned_id = greatest(pruned_id, (select max(id) from pruned))
    where exists (select from pruned)`)
}
