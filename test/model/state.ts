import { sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Database } from '../../src/store/database.ts'
import { ancestor, type SimBlock, type SimChain } from './chain.ts'
import type { ModelDefinition } from './definition.ts'
import { createExpectations, type Expectations, type Expected, hoursOf, totalsOf } from './expected.ts'
import type { Committed, FeedLine } from './subscribers.ts'

/** Everything the store holds, read in one snapshot. */
export interface Tables {
  cursor: {
    revision: number
    start_block: number | null
    feed_from_block: number
    silent: boolean
    block_number: number
    block_hash: Hex
    finalized_number: number
    last_id: number
    pruned_id: number
    indexer: string | null
  }
  jobs: [number, number, string, string][]
  changes: unknown[][]
  unapplied: unknown[][]
  feed: FeedLine[]
  blocks: [number: number, hash: Hex][]
  totals: unknown[][]
  hours: unknown[][]
}

/** @param afterId only feed entries after this id are read */
export async function readTables(db: Database, afterId: number): Promise<Tables> {
  const [row] = await db.run(
    `select (select row_to_json(cursor.*) from cursor)::text as cursor,
      (select json_agg(json_build_array(block_number, log_index, job_id, data::text) order by block_number, log_index)
        from jobs)::text as jobs,
      (select json_agg(json_build_array(block_number, log_index, job_block, job_log, event, status, timestamp::text,
        transaction_hash, before::text) order by block_number, log_index) from changes)::text as changes,
      (select json_agg(json_build_array(block_number, log_index, log -> 'topics', log ->> 'data')
        order by block_number, log_index) from unapplied_logs)::text as unapplied,
      (select json_agg(json_build_object('id', id, 'type', type, 'data', data, 'before', before) order by id)
        from feed where id > $1::bigint)::text as feed,
      (select json_agg(json_build_array(number, hash) order by number) from blocks)::text as blocks,
      (select json_agg(json_build_array(kind, jobs, amount::text) order by kind)
        from totals where jobs <> 0 or amount <> 0)::text as totals,
      (select json_agg(json_build_array(hour::text, choice, jobs, amount::text) order by hours.hour, choice)
        from hours where jobs <> 0 or amount <> 0)::text as hours`,
    [afterId],
  )
  const read = Object.entries(row ?? {}).map(([name, text]) => [name, text ? JSON.parse(text as string) : []])
  return Object.fromEntries(read) as Tables
}

/** Empties the database, as if it had just been created. */
export async function resetTables(db: Database, lastId: number): Promise<void> {
  await db.orm.execute(sql`
    with a as (delete from jobs), b as (delete from changes), c as (delete from unapplied_logs), d as (delete from feed),
      e as (delete from blocks), f as (delete from totals), g as (delete from hours)
    update cursor set revision = 0, chain_id = null, genesis_hash = null, contract = null, start_block = null,
      feed_from_block = null, silent = true, block_number = null, block_hash = null, block_timestamp = null,
      finalized_number = null, last_id = ${lastId}::bigint, pruned_id = ${lastId}::bigint, head_number = null,
      head_timestamp = null, indexer = null, renewed_at = null, checked_at = null`)
}

/** A violated invariant of the index, named by `invariant`. */
export class InvariantError extends Error {
  override name = 'InvariantError'
  invariant: string
  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`)
    this.invariant = invariant
  }
}

export function hold(invariant: string, holds: boolean, message: () => string): void {
  if (!holds) throw new InvariantError(invariant, message())
}

export function same(invariant: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  hold(invariant, a === b, () => `found ${a}, expected ${b}`)
}

/** The last state of the store that was checked, and the jobs that a subscriber of all events holds. */
export interface Watch {
  definition: ModelDefinition
  chain: SimChain
  previous: Tables | undefined
  /** set when the index begins */
  expectations: Expectations | undefined
  /** JSON of the jobs that a subscriber of all events holds, by creating transaction and id */
  held: Map<string, string>
  /** whether the first sync was unfinished at the last check */
  silent: boolean
  committed: Committed
}

/** Checks the store after one step against the chain and against its last state. */
export function assertState(now: Tables, watch: Watch): void {
  const { cursor } = now
  const { committed, previous, chain } = watch
  hold('the revision grows', !previous || previous.cursor.revision <= cursor.revision, () => 'went back')
  for (const { id, type, data } of now.feed) {
    same('each entry continues the one before', type === 'jump' ? Number(data) : id - 1, committed.lastId)
    hold('ids grow', id > committed.lastId, () => String(id))
    committed.lastId = id
  }
  same('the cursor holds the last id', cursor.last_id, committed.lastId)
  committed.lines.push(...now.feed)
  now.feed = now.feed.filter(({ type }) => type !== 'jump')
  committed.prunedId = cursor.pruned_id
  watch.previous = now
  if (cursor.start_block === null) {
    same('nothing before the beginning', [now.jobs, now.changes, now.feed], [[], [], []])
    return
  }
  watch.expectations ??= createExpectations(watch.definition, cursor.start_block)

  const tip = chain.byHash.get(cursor.block_hash) ?? null
  hold('the cursor is a block', cursor.block_number < 0 || tip?.number === cursor.block_number, () =>
    JSON.stringify(cursor),
  )
  const expected = watch.expectations.at(tip)
  assertRows(now, expected, watch.definition)
  assertLocalChain(now, chain)
  if (previous && previous.cursor.start_block !== null) assertRewind(previous, now, chain)
  assertFeed({ previous, now, tip, expected }, watch)
}

function assertRows(now: Tables, { jobs, changes, unapplied }: Expected, definition: ModelDefinition): void {
  same(
    'jobs = chain',
    now.jobs,
    jobs.map((job) => [job.blockNumber, job.logIndex, job.jobId, job.data]),
  )
  const { finalized_number } = now.cursor
  same(
    'changes = chain',
    now.changes,
    changes.map(({ blockNumber, logIndex, job, event, status, timestamp, transactionHash, before }) => [
      ...[blockNumber, logIndex, job.blockNumber, job.logIndex, event, status, timestamp, transactionHash],
      blockNumber > finalized_number ? before : null,
    ]),
  )
  same(
    'unapplied logs = chain',
    now.unapplied,
    unapplied.map(({ blockNumber, log }) => [blockNumber, log.logIndex, log.log.topics, log.log.data]),
  )
  same('totals = jobs', now.totals, totalsOf(definition, jobs))
  same('hours = jobs', now.hours, hoursOf(definition, jobs))
}

function assertLocalChain({ cursor, blocks }: Tables, chain: SimChain): void {
  const tip = chain.byHash.get(cursor.block_hash)
  const start = cursor.start_block as number
  const lowest = Math.max(start - 1, Math.min(cursor.finalized_number, cursor.block_number))
  const first = blocks[0]?.[0] ?? Number.POSITIVE_INFINITY
  hold('the local chain reaches down to the finalized block', first <= lowest, () => `${first} > ${lowest}`)
  same(
    'the local chain is the branch',
    blocks,
    blocks.map((_, i) => {
      const number = first + i
      return [number, number < 0 ? NO_BLOCK : tip && ancestor(tip, number)?.hash]
    }),
  )
  same('the local chain ends at the cursor', blocks.at(-1)?.[0], cursor.block_number)
  hold(
    'finalized is what the chain said',
    cursor.finalized_number <= chain.finalized.number,
    () => `${cursor.finalized_number} > ${chain.finalized.number}`,
  )
}

/**
 * Checks that blocks are removed only if some node reported another branch, not if a node merely
 * lacked blocks.
 */
function assertRewind(before: Tables, { cursor }: Tables, chain: SimChain): void {
  const old = chain.byHash.get(before.cursor.block_hash)
  if (!old || cursor.block_number >= old.number) return
  const known = (head: SimBlock) => Math.min(head.number, cursor.block_number + 1)
  const heads = [chain.head, ...chain.past]
  hold(
    'a rewind goes no further than the fork',
    heads.some((head) => ancestor(head, known(head)) !== ancestor(old, known(head))),
    () => `from ${old.number} to ${cursor.block_number}`,
  )
}

const NO_BLOCK = `0x${'0'.repeat(64)}`

interface Move {
  previous: Tables | undefined
  now: Tables
  tip: SimBlock | null
  expected: Expected
}

function assertFeed({ previous, now, tip, expected }: Move, watch: Watch): void {
  const { cursor } = now
  const wasSilent = watch.silent
  watch.silent = cursor.silent
  if (cursor.silent)
    hold('silent up to feed_from_block', cursor.block_number < cursor.feed_from_block, () =>
      JSON.stringify(cursor),
    )
  if (wasSilent) {
    same('history is not fed', now.feed, [])
    const late = [...expected.jobs, ...expected.changes].find(
      ({ blockNumber }) => blockNumber > cursor.feed_from_block,
    )
    hold('no log is left out of the feed', !late, () => JSON.stringify(late))
    watch.held = new Map(expected.jobs.map(({ data }) => [keyOf(data), data]))
    return
  }
  const from = previous?.cursor.start_block == null ? tip : watch.chain.byHash.get(previous.cursor.block_hash)
  same(
    'the feed matches the step',
    now.feed.map(({ type, data, before }) => ({ type, data, before })),
    watch.expectations?.entries(from ?? null, tip),
  )
  for (const line of now.feed) applyLine(watch.held, line)
  same(
    'fold(feed) = jobs',
    [...watch.held.values()],
    expected.jobs.map(({ data }) => data),
  )
}

/** The rule of the public contract: add on job_created, replace on job_updated, delete on job_removed. */
function applyLine(held: Map<string, string>, { type, data }: FeedLine): void {
  const key = keyOf(data)
  hold(
    'a job is created once, and changed or removed while it is held',
    held.has(key) === (type !== 'job_created'),
    () => data,
  )
  if (type !== 'job_removed') held.set(key, data)
  else {
    hold('a job is removed as it was', held.get(key) === data, () => data)
    held.delete(key)
  }
}

/** The key of a job for a subscriber. It includes the transaction, because an id may be used twice. */
export function keyOf(data: string): string {
  const { jobId, creationTxHash } = JSON.parse(data)
  return `${creationTxHash} ${jobId}`
}
