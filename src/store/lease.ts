import { eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { PgUpdateSetSource } from 'drizzle-orm/pg-core'
import type { Database } from './database.ts'
import { NOTIFY, PAYLOAD } from './notifications.ts'
import { cursor, feed } from './schema.ts'

/** A lease that was not renewed for this long is free. */
export const LEASE_SECONDS = 8

/** The database's clock: those of several indexers may differ. */
const NOW = sql`clock_timestamp()`

/**
 * Acquires the lease.
 *
 * A holder that acquires its own lease again does not renew it. Only its steps, {@link renewLease} and
 * {@link recordContact} do. Otherwise an indexer whose RPC fails would keep the lease permanently. Acquiring
 * never sets `checked_at`: if no indexer has an answer from the chain, /ready reports it.
 *
 * Acquiring raises the feed's last id to the unix time in microseconds, or by 1 if it is there already, and
 * records the jump as an entry of the feed. It does so even if this process already holds the lease, because the
 * database may have been restored from a backup. Ids that were assigned after the backup are below the jump, so
 * they are not assigned again.
 * @returns false if another indexer holds the lease: one that renewed it less than {@link LEASE_SECONDS} ago
 */
export async function acquireLease(db: Database, indexerId: string): Promise<boolean> {
  const held = await db.orm.execute(sql`
    with found as (select revision, last_id from ${cursor}),
    acquired as (
      update ${cursor} set
        indexer = ${indexerId}::text,
        renewed_at = case when ${cursor.indexer} = ${indexerId}::text then ${cursor.renewedAt} else clock_timestamp() end,
        revision = ${cursor.revision} + 1,
        last_id = greatest(${cursor.lastId} + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
      from found where ${cursor.revision} = found.revision and ${leaseFreeCondition(indexerId)}
      returning ${cursor.lastId}, found.last_id as previous, ${sql.raw(PAYLOAD)} as payload),
    jump as (
      insert into ${feed} (id, type, data) select last_id, 'jump', previous from acquired)
    select ${sql.raw(NOTIFY)} from acquired`)
  return held.length > 0
}

/** Renews the lease of a process that is at work. @returns false if it no longer holds the lease */
export async function renewLease(db: Database, indexerId: string): Promise<boolean> {
  return updateHeld(db, indexerId, { renewedAt: NOW })
}

/**
 * Renews the lease after an answer from the chain, and records that there was one.
 * @param head the chain's head, if it is known
 * @returns false if this process no longer holds the lease
 */
export async function recordContact(
  db: Database,
  indexerId: string,
  head: { number: number; timestamp: string } | null,
): Promise<boolean> {
  const known = head && { headNumber: head.number, headTimestamp: head.timestamp }
  return updateHeld(db, indexerId, { renewedAt: NOW, checkedAt: NOW, ...known })
}

async function updateHeld(
  db: Database,
  indexerId: string,
  values: PgUpdateSetSource<typeof cursor>,
): Promise<boolean> {
  const held = await db.orm
    .update(cursor)
    .set(values)
    .where(eq(cursor.indexer, indexerId))
    .returning({ id: cursor.id })
  return held.length > 0
}

/** Releases the lease at once, so that a standby need not wait for its end. */
export async function releaseLease(db: Database, indexerId: string): Promise<void> {
  await db.orm.update(cursor).set({ indexer: null }).where(eq(cursor.indexer, indexerId))
}

/**
 * Returns the SQL condition of a lease that an indexer may acquire: nobody or itself holds it, or it has
 * expired. A lease whose renewal is more than 8 s in the future counts as expired: the database's clock was set
 * back since.
 */
function leaseFreeCondition(indexerId: string): SQL | undefined {
  const age = sql`abs(extract(epoch from clock_timestamp() - ${cursor.renewedAt}))`
  return or(isNull(cursor.indexer), eq(cursor.indexer, indexerId), sql`${age} > ${LEASE_SECONDS}::float8`)
}
