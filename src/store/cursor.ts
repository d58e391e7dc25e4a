import { type SQL, sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Position } from '../status.ts'
import type { Database, Row } from './database.ts'
import { cursor } from './schema.ts'

/** Where an indexer stands on its chain; a step moves it from exactly this `revision`. */
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

/** The cursor, or null where no indexer has reached the chain yet. */
export async function readCursor(db: Database): Promise<Cursor | null> {
  const [row] = await db.rows(sql`select * from ${cursor}`)
  if (!row || row.chain_id === null) return null
  return {
    revision: Number(row.revision),
    chainId: Number(row.chain_id),
    genesisHash: row.genesis_hash as Hex,
    contract: row.contract as Hex,
    startBlock: Number(row.start_block),
    feedFromBlock: Number(row.feed_from_block),
    silent: row.silent as boolean,
    blockNumber: Number(row.block_number),
    blockHash: row.block_hash as Hex,
    finalizedNumber: Number(row.finalized_number),
    lastId: Number(row.last_id),
  }
}

/** The position of the feed and of the indexer, as every process may read it. */
export async function readPosition(db: Database): Promise<Position> {
  const [row] = await db.rows(sql`
    select *, extract(epoch from clock_timestamp() - checked_at)::float8 as checked_ago from ${cursor}`)
  if (!row) throw new Error('the cursor row is missing: the database was not made by Jobcast')
  return {
    lastId: Number(row.last_id),
    prunedId: Number(row.pruned_id),
    chainId: number(row.chain_id),
    contract: row.contract as string | null,
    startBlock: number(row.start_block),
    blockNumber: number(row.block_number),
    blockTimestamp: number(row.block_timestamp),
    headNumber: number(row.head_number),
    headTimestamp: number(row.head_timestamp),
    checkedAgo: number(row.checked_ago),
    indexer: row.indexer as string | null,
    silent: row.silent as boolean,
  }
}

/** Begins the index of a contract in a fresh database; changes nothing where another process was first. */
export async function beginCursor(
  db: Database,
  start: Omit<Cursor, 'revision' | 'lastId'> & { blockTimestamp: string },
): Promise<void> {
  await db.rows(sql`
    with begun as (
      update ${cursor} set
        revision = revision + 1, chain_id = ${start.chainId}::bigint, genesis_hash = ${start.genesisHash}::text,
        contract = ${start.contract}::text, start_block = ${start.startBlock}::bigint,
        feed_from_block = ${start.feedFromBlock}::bigint, silent = ${start.silent}::boolean,
        block_number = ${start.blockNumber}::bigint, block_hash = ${start.blockHash}::text,
        block_timestamp = ${start.blockTimestamp}::text::numeric, finalized_number = ${start.finalizedNumber}::bigint
      where chain_id is null returning block_number, block_hash)
    insert into blocks select * from begun`)
}

/**
 * Takes the work, or keeps it. It does not touch `checked_at`, which only an answer of the chain may renew: where no
 * indexer has one, each may try, and /ready tells.
 * @returns false where another indexer holds the work: it had an answer from the chain less than `leaseSeconds` ago
 */
export async function takeLease(db: Database, me: string, leaseSeconds: number): Promise<boolean> {
  const held = await db.rows(sql`
    update ${cursor} set indexer = ${me}::text where ${isFree(me, leaseSeconds)} returning 1`)
  return held.length > 0
}

/**
 * Says that this indexer works and had an answer from the chain just now.
 * @returns false where another indexer holds the work by now
 */
export async function renewLease(
  db: Database,
  me: string,
  head: { number: number; timestamp: string } | null,
  leaseSeconds: number,
): Promise<boolean> {
  const held = await db.rows(sql`
    update ${cursor} set
      indexer = ${me}::text, checked_at = clock_timestamp(),
      head_number = coalesce(${head?.number ?? null}::bigint, head_number),
      head_timestamp = coalesce(${head?.timestamp ?? null}::text::numeric, head_timestamp)
    where ${isFree(me, leaseSeconds)} returning 1`)
  return held.length > 0
}

function isFree(me: string, leaseSeconds: number): SQL {
  // Said long ago, never, or in the future, which is a clock that was set back.
  return sql`(indexer is null or indexer = ${me}::text or coalesce(
    abs(extract(epoch from clock_timestamp() - checked_at)) > ${leaseSeconds}::float8, true))`
}

/** Gives the work back at once, so that a standby need not wait for the lease to run out. */
export async function releaseLease(db: Database, me: string): Promise<void> {
  await db.rows(sql`update ${cursor} set indexer = null where indexer = ${me}::text`)
}

function number(value: Row[string]): number | null {
  return value === null || value === undefined ? null : Number(value)
}
