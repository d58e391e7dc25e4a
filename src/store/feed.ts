import { asc, desc, gt, sql } from 'drizzle-orm'
import { type Database, prepared } from './database.ts'
import { cursor, feed } from './schema.ts'

/** One entry of the public feed. */
export interface FeedEntry {
  id: number
  /**
   * A `jump` is never sent. It records that the ids between the previous entry and this one belong to no
   * entry of this database.
   */
  type: 'job_created' | 'job_updated' | 'job_removed' | 'jump'
  /** JSON of the job; for a jump, the previous id */
  data: string
  /** JSON of the job before a job_updated; null for the other types */
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

/** Reads at most `limit` feed entries after an id, oldest first. */
export async function readFeed(db: Database, afterId: number, limit: number): Promise<FeedEntry[]> {
  return entriesAfter(db).execute({ afterId, limit })
}

/** Reads the newest feed entries, at most `limit`, oldest first. */
export async function readFeedTail(db: Database, limit: number): Promise<FeedEntry[]> {
  return (await db.orm.select(entry).from(feed).orderBy(desc(feed.id)).limit(limit)).reverse()
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
