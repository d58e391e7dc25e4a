import { eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Contract } from '../contract/define.ts'
import { type Database, DatabaseError, prepared } from './database.ts'
import { createFilterIndexes } from './filterIndexes.ts'
import { NOTIFY, PAYLOAD } from './notifications.ts'
import { blocks, cursor, feed } from './schema.ts'
import type { BlockRef } from './writes.ts'

/** Where an indexer stands on its chain. A step moves it from exactly this `revision`. */
export interface Cursor {
  revision: number
  chainId: number
  genesisHash: Hex
  contract: Hex
  startBlock: number
  feedFromBlock: number
  /** true while the contract's past is synced: nothing is fed */
  silent: boolean
  /** the block indexed last; `startBlock - 1` at the beginning, which is -1 for the genesis block */
  blockNumber: number
  blockHash: Hex
  finalizedNumber: number
  lastId: number
}

/** What any process sees of the index and of the feed, also before an indexer first reached the chain (nulls). */
export interface IndexState {
  /** the feed's last id */
  lastId: number
  /** the feed was pruned up to this id */
  prunedId: number
  chainId: number | null
  contract: string | null
  startBlock: number | null
  /** the block indexed last; unix seconds of it */
  blockNumber: number | null
  blockTimestamp: string | null
  finalizedNumber: number | null
  /** the chain's head when an indexer last looked; unix seconds of it */
  headNumber: number | null
  headTimestamp: string | null
  /** seconds since an indexer last had an answer from the chain, by the database's clock */
  checkedAgo: number | null
  /** the process that indexes */
  indexer: string | null
  /** true while the contract's past is synced */
  silent: boolean
  /** true if the database takes no writes: a replica, or one that is failing over */
  readOnly: boolean
}

const position = {
  revision: cursor.revision,
  chainId: cursor.chainId,
  genesisHash: cursor.genesisHash,
  contract: cursor.contract,
  startBlock: cursor.startBlock,
  feedFromBlock: cursor.feedFromBlock,
  silent: cursor.silent,
  blockNumber: cursor.blockNumber,
  blockHash: cursor.blockHash,
  finalizedNumber: cursor.finalizedNumber,
  lastId: cursor.lastId,
}

/** The cursor, or null if no indexer has reached the chain yet. */
export async function readCursor(db: Database): Promise<Cursor | null> {
  const [row] = await db.orm.select(position).from(cursor)
  // The chain's columns are set together, by beginCursor().
  return row && row.chainId !== null ? (row as Cursor) : null
}

const state = prepared(({ orm }) =>
  orm
    .select({
      lastId: cursor.lastId,
      prunedId: cursor.prunedId,
      chainId: cursor.chainId,
      contract: cursor.contract,
      startBlock: cursor.startBlock,
      blockNumber: cursor.blockNumber,
      blockTimestamp: cursor.blockTimestamp,
      finalizedNumber: cursor.finalizedNumber,
      headNumber: cursor.headNumber,
      headTimestamp: cursor.headTimestamp,
      checkedAgo: sql<number | null>`extract(epoch from clock_timestamp() - ${cursor.checkedAt})::float8`,
      indexer: cursor.indexer,
      silent: cursor.silent,
      readOnly: sql<boolean>`current_setting('transaction_read_only') = 'on'`,
    })
    .from(cursor)
    .prepare('state'),
)

/** The state of the feed and of the index. @throws DatabaseError if the database was not made by Jobcast */
export async function readState(db: Database): Promise<IndexState> {
  const [row] = await state(db).execute()
  if (!row) throw new DatabaseError('The cursor row is missing: this database was not made by Jobcast.')
  return row
}

/** Begins the index of a contract in a new database. Changes nothing if another process was first. */
export async function beginCursor(
  db: Database,
  contract: Contract,
  start: Omit<Cursor, 'revision' | 'lastId'> & { blockTimestamp: string },
): Promise<void> {
  if (!start.silent) await createFilterIndexes(db, contract)
  const begun = db.orm.$with('begun').as(
    db.orm
      .update(cursor)
      .set({ ...start, revision: sql`${cursor.revision} + 1` })
      .where(isNull(cursor.chainId))
      .returning({ number: cursor.blockNumber, hash: cursor.blockHash }),
  )
  await db.orm.with(begun).insert(blocks).select(db.orm.select().from(begun))
}

/** The local chain, newest block first. */
export async function readBlocks(db: Database): Promise<BlockRef[]> {
  const rows = await db.orm.select().from(blocks).orderBy(sql`${blocks.number} desc`)
  return rows.map(({ number, hash }) => ({ number, hash: hash as Hex }))
}

/**
 * Acquires the lease, or keeps it. It does not touch `checked_at`, which only an answer of the chain may renew: if no
 * indexer has one, each may try, and /ready says so.
 *
 * A new holder moves the feed to the microseconds of now, and records the jump as an entry of the feed. The database may
 * have been restored from a backup: ids that were given out after the backup are below the jump, and are not given out again.
 * @param fresh true unless this process held the lease, and nobody can have moved the cursor since
 * @returns false if another indexer holds it: one that had an answer from the chain less than `leaseSeconds` ago
 */
export async function acquireLease(
  db: Database,
  me: string,
  leaseSeconds: number,
  fresh: boolean,
): Promise<boolean> {
  const held = await db.orm.execute(sql`
    with found as (
      select revision, last_id, (${fresh}::boolean or indexer is distinct from ${me}::text) as jumps from ${cursor}),
    acquired as (
      update ${cursor} set
        indexer = ${me}::text,
        revision = ${cursor.revision} + found.jumps::int,
        last_id = case when found.jumps
          then greatest(${cursor.lastId} + 1, (extract(epoch from clock_timestamp()) * 1000000)::bigint)
          else ${cursor.lastId} end
      from found where ${cursor.revision} = found.revision and ${isFree(me, leaseSeconds)}
      returning ${cursor.lastId}, found.last_id as previous, found.jumps, ${sql.raw(PAYLOAD)} as payload),
    jump as (
      insert into ${feed} (id, type, data) select last_id, 'jump', previous from acquired where jumps)
    select ${sql.raw(NOTIFY)} from acquired`)
  return held.length > 0
}

/**
 * Renews the lease after an answer from the chain.
 * @param head the chain's head, if it is known
 * @returns false if another indexer holds the lease by now
 */
export async function renewLease(
  db: Database,
  me: string,
  head: { number: number; timestamp: string } | null,
  leaseSeconds: number,
): Promise<boolean> {
  const held = await db.orm
    .update(cursor)
    .set({
      indexer: me,
      checkedAt: sql`clock_timestamp()`,
      ...(head && { headNumber: head.number, headTimestamp: head.timestamp }),
    })
    .where(isFree(me, leaseSeconds))
    .returning({ id: cursor.id })
  return held.length > 0
}

/** Free is a lease that was never taken, ran out, or was renewed in the future: by a clock that was set back since. */
function isFree(me: string, leaseSeconds: number): SQL | undefined {
  const age = sql`abs(extract(epoch from clock_timestamp() - ${cursor.checkedAt}))`
  return or(
    isNull(cursor.indexer),
    eq(cursor.indexer, me),
    isNull(cursor.checkedAt),
    sql`${age} > ${leaseSeconds}::float8`,
  )
}

/** Releases the lease at once, so that a standby need not wait for it to run out. */
export async function releaseLease(db: Database, me: string): Promise<void> {
  await db.orm.update(cursor).set({ indexer: null }).where(eq(cursor.indexer, me))
}
