import { sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Database } from '../../src/store/database.ts'
import { ancestor, branch, type ExpectedRow, type SimBlock, type SimChain } from './chain.ts'
import type { Committed, FeedLine } from './subscribers.ts'

/** Everything the store holds, read in one snapshot. */
export interface State {
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
  jobs: ExpectedRow[]
  malformed: [number, number][]
  feed: FeedLine[]
  blocks: [number: number, hash: Hex][]
  totals: [number, number, number, string][]
  hours: [string, number, number, string][]
}

const list = (of: ReturnType<typeof sql>) => sql`coalesce((select json_agg(${of}), '[]')`

/** @param afterId feed entries up to it are known already */
export async function readState(db: Database, afterId: number): Promise<State> {
  const [row] = await db.rows(sql`
    select row_to_json(cursor.*) as cursor,
      ${list(sql`json_build_array(block_number, log_index, job_id::text, client_id::text, strategy_type, verification_level,
        budget::text, deadline::text, block_hash, block_timestamp::text, transaction_hash)
        order by block_number, log_index) from jobs`)} as jobs,
      ${list(sql`json_build_array(block_number, log_index) order by block_number, log_index) from malformed_logs`)} as malformed,
      ${list(sql`json_build_object('id', id, 'type', type, 'data', data) order by id) from feed where id > ${afterId}::bigint`)} as feed,
      ${list(sql`json_build_array(number, hash) order by number) from blocks`)} as blocks,
      ${list(sql`json_build_array(strategy_type, verification_level, jobs, budget::text)
        order by strategy_type, verification_level) from totals where jobs <> 0 or budget <> 0`)} as totals,
      ${list(sql`json_build_array(hour::text, strategy_type, jobs, budget::text)
        order by hours.hour, strategy_type) from hours where jobs <> 0 or budget <> 0`)} as hours
    from cursor`)
  return row as unknown as State
}

/** Empties the database, as if it had just been created. */
export async function resetState(db: Database, lastId: number): Promise<void> {
  await db.rows(sql`
    with a as (delete from jobs), b as (delete from malformed_logs), c as (delete from feed), d as (delete from blocks),
      e as (delete from totals), f as (delete from hours)
    update cursor set revision = 0, chain_id = null, genesis_hash = null, contract = null, start_block = null,
      feed_from_block = null, silent = true, block_number = null, block_hash = null, block_timestamp = null,
      finalized_number = null, last_id = ${lastId}::bigint, pruned_id = ${lastId}::bigint, head_number = null,
      head_timestamp = null, indexer = null, checked_at = null`)
}

/** A broken promise of the index; the name says which. */
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

function same(invariant: string, found: unknown, expected: unknown): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(expected)]
  hold(invariant, a === b, () => `found ${a}, expected ${b}`)
}

/** What the last look at the store saw, and what a subscriber of everything has folded so far. */
export interface Watch {
  previous: State | undefined
  /** job objects, oldest first: a stack, since what leaves the chain is always its newest */
  fold: string[]
  /** until the first sync of the past was done, at the last look */
  silent: boolean
  committed: Committed
}

/** Compares the store after one step with the chain and with the store before. */
export function assertState(now: State, watch: Watch, chain: SimChain): void {
  const { cursor } = now
  const { committed, previous } = watch
  const lastId = committed.firstId + committed.lines.length - 1
  if (previous && previous.cursor.revision > cursor.revision)
    throw new InvariantError('revision', 'went back')
  same(
    'ids grow by one',
    now.feed.map((line) => line.id),
    now.feed.map((_, i) => lastId + 1 + i),
  )
  same('the cursor holds the last id', cursor.last_id, lastId + now.feed.length)
  committed.lines.push(...now.feed)
  committed.prunedId = cursor.pruned_id
  watch.previous = now
  if (cursor.start_block === null) {
    same('nothing before the beginning', [now.jobs, now.feed], [[], []])
    return
  }

  const tip = chain.byHash.get(cursor.block_hash)
  hold('the cursor is a block', cursor.block_number < 0 || tip?.number === cursor.block_number, () =>
    JSON.stringify(cursor),
  )
  const indexed = tip ? branch(tip, cursor.start_block) : []
  const rows = indexed.flatMap((block) => block.rows)
  same('rows = chain', now.jobs, rows)
  same(
    'malformed logs = chain',
    now.malformed,
    indexed.flatMap((block) => block.malformed.map((logIndex) => [block.number, logIndex])),
  )
  same(
    'totals = rows',
    now.totals,
    tally(rows, (row) => [row[4], row[5]]),
  )
  same(
    'hours = rows',
    now.hours,
    tally(rows, (row) => [hourOf(row), row[4]]),
  )
  assertLocalChain(now, chain)
  if (previous?.cursor.start_block !== null && previous) assertRewind(previous, now, chain)
  assertFold(now, watch, rows)
}

function assertLocalChain({ cursor, blocks }: State, chain: SimChain): void {
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
      return [number, number < 0 ? cursorless : tip && ancestor(tip, number)?.hash]
    }),
  )
  same('the local chain ends at the cursor', blocks.at(-1)?.[0], cursor.block_number)
  hold(
    'finalized is what the chain said',
    cursor.finalized_number <= chain.finalized.number,
    () => `${cursor.finalized_number} > ${chain.finalized.number}`,
  )
}

/** Blocks are given up only where some node shows another branch: not where a node has nothing to show. */
function assertRewind(before: State, { cursor }: State, chain: SimChain): void {
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

const cursorless = `0x${'0'.repeat(64)}`

function assertFold(now: State, watch: Watch, rows: ExpectedRow[]): void {
  const { cursor } = now
  const wasSilent = watch.silent
  watch.silent = cursor.silent
  if (cursor.silent)
    hold('silent up to feed_from_block', cursor.block_number < cursor.feed_from_block, () =>
      JSON.stringify(cursor),
    )
  if (wasSilent) {
    same('history is not fed', now.feed, [])
    const late = rows.find((row) => row[0] > cursor.feed_from_block)
    hold('no job after the beginning is silent', !late, () => JSON.stringify(late))
    watch.fold = rows.map(wire)
    return
  }
  for (const line of now.feed) {
    if (line.type === 'job_created') watch.fold.push(line.data)
    else same('job_removed takes the newest away', line.data, watch.fold.pop())
  }
  same('fold(feed) = rows', watch.fold, rows.map(wire))
}

/** The job object of the public contract. */
function wire(row: ExpectedRow): string {
  const [
    blockNumber,
    ,
    jobId,
    clientId,
    strategy,
    verificationLevel,
    budget,
    onchainDeadline,
    ,
    onchainCreatedAt,
    tx,
  ] = row
  return JSON.stringify({
    jobId,
    status: 'OPEN',
    clientId,
    strategyType: ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL'][strategy] ?? `UNKNOWN_${strategy}`,
    verificationLevel,
    budget: `${Math.floor(Number(budget) / 1e6)}.${String(Number(budget) % 1e6).padStart(6, '0')}`,
    onchainDeadline,
    onchainCreatedAt,
    creationTxHash: tx,
    blockNumber: String(blockNumber),
    title: null,
    description: null,
  })
}

function hourOf(row: ExpectedRow): string {
  return String(Math.floor(Number(row[9]) / 3600) * 3600)
}

function tally(rows: ExpectedRow[], key: (row: ExpectedRow) => (string | number)[]) {
  const sums = new Map<string, [number, number]>()
  for (const row of rows) {
    const name = JSON.stringify(key(row))
    const [jobs, budget] = sums.get(name) ?? [0, 0]
    sums.set(name, [jobs + 1, budget + Number(row[6])])
  }
  return [...sums]
    .map(([name, [jobs, budget]]) => [...JSON.parse(name), jobs, String(budget)])
    .sort((a, b) => Number(a[0]) - Number(b[0]) || a[1] - b[1])
}
