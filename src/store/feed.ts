import { asc, desc, gt, sql } from 'drizzle-orm'
import { type Database, prepared } from './database.ts'
import { cursor, feed } from './schema.ts'

/** One event of the public feed, as it was committed. */
export interface FeedEntry {
  id: number
  /** `jump` is not sent: it says which id it continues, since the ids between were never given out, or by a database that was lost */
  type: 'job_created' | 'job_updated' | 'job_removed' | 'jump'
  /** the job object, JSON; of a jump the id before it */
  data: string
  /** the job before a job_updated, JSON; null for the other types */
  before: string | null
}

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

/** Feed entries after an id, in order, at most `limit`. */
export async function readFeed(db: Database, afterId: number, limit: number): Promise<FeedEntry[]> {
  return entriesAfter(db).execute({ afterId, limit })
}

/** The newest feed entries, in order, at most `limit`. */
export async function readFeedTail(db: Database, limit: number): Promise<FeedEntry[]> {
  return (await db.orm.select(entry).from(feed).orderBy(desc(feed.id)).limit(limit)).reverse()
}

/**
 * Deletes entries older than `seconds`, and records up to which id. They are always a prefix of the feed, also after the
 * clock was set back.
 * @returns how many
 */
export async function pruneFeed(db: Database, seconds: number): Promise<number> {
  const [row] = await db.orm.execute<{ count: string }>(sql`
    with pruned as (
      delete from ${feed} where id <= (
        select max(id) from ${feed} where created_at < clock_timestamp() - ${seconds}::float8 * interval '1 second')
      returning id),
    recorded as (
      update ${cursor} set pruned_id = greatest(pruned_id, (select max(id) from pruned))
      where exists (select from pruned))
    select count(*) as count from pruned`)
  return Number(row?.count ?? 0)
}
