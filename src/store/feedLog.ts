import { sql } from 'drizzle-orm'
import type { FeedEntry } from '../feed.ts'
import { type Database, type Row, template } from './database.ts'

const entriesAfter = template(sql`
  select id, type, data from feed where id > ${sql.placeholder('afterId')}::bigint
  order by id limit ${sql.placeholder('limit')}::int`)

/** Feed entries after an id, in order, at most `limit`. */
export async function readFeed(db: Database, afterId: number, limit: number): Promise<FeedEntry[]> {
  return (await db.rows(entriesAfter({ afterId, limit }))).map(toEntry)
}

/** The newest feed entries, in order, at most `limit`. */
export async function readFeedTail(db: Database, limit: number): Promise<FeedEntry[]> {
  const rows = await db.rows(sql`select id, type, data from feed order by id desc limit ${limit}::int`)
  return rows.map(toEntry).reverse()
}

function toEntry(row: Row): FeedEntry {
  return { id: Number(row.id), type: row.type as FeedEntry['type'], data: row.data as string }
}

/**
 * Forgets entries older than `seconds`, and remembers up to which id. Always a prefix of the feed, also after
 * the clock was set back.
 * @returns how many
 */
export async function pruneFeed(db: Database, seconds: number): Promise<number> {
  const [row] = await db.rows(sql`
    with gone as (
      delete from feed where id <= (
        select max(id) from feed where created_at < clock_timestamp() - ${seconds}::float8 * interval '1 second')
      returning id),
    kept as (
      update cursor set pruned_id = greatest(pruned_id, (select max(id) from gone))
      where exists (select from gone))
    select count(*) as count from gone`)
  return Number(row?.count ?? 0)
}
