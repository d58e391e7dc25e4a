import postgres from 'postgres'
import { numberToHex, type RpcLog } from 'viem'
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { type Cursor, readCursor, readLocalChain } from '../../src/store/cursor.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { openPostgres, RAW_JSON } from '../../src/store/postgres.ts'
import type { Step, UnappliedLog } from '../../src/store/writes.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { anyJob, beginIndex, commitBlock, stored } from '../helpers/writer.ts'
import { readTables } from '../model/state.ts'

/** Most 8 KB buffers that a step of two logs may touch: some rows of eight tables, and their indexes. */
const STEP_BUFFERS = 200
/** Jobs of the index after it has grown: one a block, each changed in the next block. */
const MANY = 30_000

let sql: postgres.Sql<{ json: string }>
beforeAll(async () => {
  const url = await createSharedDatabase()
  const opened = createDatabase(await openPostgres(url, jobRegistry))
  await beginIndex(opened)
  await opened.close()
  // JSON as text, as the store writes it. One connection, so that each step uses the plan of those before it.
  sql = postgres(url, { max: 1, onnotice: () => {}, types: { json: RAW_JSON } })
  // New statistics would discard the plan. PGlite has no autovacuum, so it collects none.
  for (const table of ['jobs', 'changes', 'blocks'])
    await sql.unsafe(`alter table ${table} set (autovacuum_enabled = false)`)
})
afterAll(async () => {
  await sql?.end()
})

let latest = ''

/** Sends a prepared statement on the connection, and notes its text. */
function runPrepared(text: string, params: unknown[]): Promise<unknown[]> {
  latest = text
  return sql.unsafe(text, params as never[], { prepare: true })
}

/** A database of one connection. `run` sends the prepared statements. */
function databaseOf(run = runPrepared): Database {
  return createDatabase({
    query(text, params, { prepare, arrays }) {
      if (prepare) return run(text, params)
      const query = sql.unsafe(text, params as never[])
      return arrays ? query.values() : query
    },
    listen: async () => {},
    close: async () => {},
  })
}

/** Begins an index in a database of its own. */
async function openIndex(): Promise<Database> {
  const db = createDatabase(await openPostgres(await createSharedDatabase(), jobRegistry))
  onTestFinished(() => db.close())
  await beginIndex(db)
  return db
}

/** What a block writes that creates a job and changes the job of the block before, `last`. */
function writesAfter(last: number): Partial<Step> {
  const job = anyJob(last, last)
  const before = stored(job)
  return {
    finalizedNumber: last - 3,
    jobs: [
      { blockNumber: last + 1, logIndex: 0, before: null, after: stored(anyJob(last + 1, last + 1)) },
      { blockNumber: last, logIndex: 0, before, after: stored({ ...job, status: 'FUNDED' }) },
    ],
    changes: [
      {
        blockNumber: last + 1,
        logIndex: 1,
        jobBlock: last,
        jobLog: 0,
        event: 'JobFunded',
        status: 'FUNDED',
        timestamp: job.onchainCreatedAt,
        transactionHash: '0x01',
        before: before.data,
      },
    ],
  }
}

/** Commits the next block, which creates a job and changes the job of the block before. */
async function step(db: Database): Promise<void> {
  const cursor = (await readCursor(db)) as Cursor
  await commitBlock(db, cursor, cursor.blockNumber + 1, writesAfter(cursor.blockNumber))
}

it('a step costs little on a large index even with the plan that was made when the index was small', async () => {
  for (let i = 0; i < 10; i++) await step(databaseOf())
  const [statement] = await sql`
    select name, generic_plans::int as uses from pg_prepared_statements
    where statement = ${latest}`
  expect(statement?.uses).toBeGreaterThan(0)

  await sql`
    insert into jobs (block_number, log_index, job_id, data, keys)
    select n, 0, n::text, data, keys from jobs, generate_series(100, ${MANY}::int) n where block_number = 10`
  await sql`
    insert into changes (block_number, log_index, job_block, job_log, event, status, timestamp, transaction_hash)
    select block_number, 1, block_number - 1, 0, 'JobFunded', 'FUNDED', 0, '0x01' from jobs where block_number >= 100`
  await sql`update cursor set block_number = ${MANY}, finalized_number = ${MANY - 4}`

  let buffers = 0
  const explain = async (_text: string, params: unknown[]) => {
    const values = params.map((value) => `'${value}'`).join(', ')
    const [row] = await sql.unsafe(
      `explain (analyze, buffers, format json) execute "${statement?.name}" (${values})`,
    )
    // The root does not include the parts of the statement that write.
    const [{ Plan }] = JSON.parse(row?.['QUERY PLAN'])
    for (const part of [Plan, ...Plan.Plans])
      buffers += part['Shared Hit Blocks'] + part['Shared Read Blocks']
    return []
  }
  await step(databaseOf(explain))
  const [changed] = await sql`select keys[1] as status from jobs where block_number = ${MANY}`
  expect(changed?.status).toBe('FUNDED')
  expect(buffers).toBeLessThan(STEP_BUFFERS)
})

it('a step of a large index is not planned anew each time', async () => {
  await sql`
    insert into changes (block_number, log_index, job_block, job_log, event, status, timestamp, transaction_hash)
    select n, 1, n - 1, 0, 'JobFunded', 'FUNDED', 0, '0x01' from generate_series(${MANY + 100}::int, 150000) n`
  await sql`analyze`
  await sql`update cursor set block_number = 200000, finalized_number = 199990`
  const db = databaseOf()
  for (let i = 0; i < 20; i++) {
    const cursor = (await readCursor(db)) as Cursor
    await commitBlock(db, cursor, cursor.blockNumber + 1, { finalizedNumber: cursor.blockNumber - 9 })
  }
  const [statement] = await sql`
    select generic_plans::int as uses from pg_prepared_statements
    where statement = ${latest}`
  expect(statement?.uses).toBeGreaterThan(10)
})

it('a step keeps no block below the finalized one, even if it indexes such blocks one by one', async () => {
  const db = await openIndex()
  // An endpoint knows a lower finalized block than the one that the index knew before.
  const steps = [
    { numbers: [1, 2, 3], finalizedNumber: 100 },
    { numbers: [4, 5, 6], finalizedNumber: 100 },
    { numbers: [99, 100, 101], finalizedNumber: 100 },
    { numbers: [102, 103], finalizedNumber: 102 },
  ]
  const kept = []
  for (const { numbers, finalizedNumber } of steps) {
    const blocks = numbers.map((number) => ({ number, hash: `0x${number}` as const }))
    await commitBlock(db, (await readCursor(db)) as Cursor, numbers.at(-1) ?? 0, { blocks, finalizedNumber })
    kept.push((await readLocalChain(db)).map(({ number }) => number))
  }
  expect(kept).toEqual([[3], [6], [101, 100], [103, 102]])
})

it('a step from a cursor that has moved since writes nothing, neither forward nor back', async () => {
  const db = await openIndex()
  const unappliedAt = (blockNumber: number): UnappliedLog => {
    const raw = { blockNumber: numberToHex(blockNumber), logIndex: '0x2' } as Partial<RpcLog> as RpcLog
    return { raw, cause: 'malformed', reason: 'it does not fit the ABI' }
  }
  for (let i = 0; i < 8; i++) await step(db)
  const middle = (await readCursor(db)) as Cursor
  const stale = await commitBlock(db, middle, middle.blockNumber + 1, {
    ...writesAfter(middle.blockNumber),
    finalizedNumber: middle.finalizedNumber,
    unapplied: [unappliedAt(middle.blockNumber + 1)],
  })
  if (!stale) throw new Error('no other writer moves this cursor')
  await step(db)
  const tables = await readTables(db, 0)

  const { blockNumber } = stale
  const forward: Partial<Step> = {
    ...writesAfter(blockNumber),
    finalizedNumber: blockNumber,
    unapplied: [unappliedAt(blockNumber + 1)],
    entries: [{ type: 'job_created', data: '{}', before: null }],
  }
  expect(await commitBlock(db, stale, blockNumber + 1, forward)).toBe(null)
  const back = { finalizedNumber: stale.finalizedNumber }
  expect(await commitBlock(db, stale, blockNumber - 2, back)).toBe(null)
  expect(await readTables(db, 0)).toEqual(tables)
})

it('a step that began before the database was restored changes nothing, even if the revision is the same again', async () => {
  const db = await openIndex()
  const cursor = (await readCursor(db)) as Cursor
  expect(await commitBlock(db, { ...cursor, lastId: cursor.lastId + 1 }, 1)).toBe(null)
  expect(await readCursor(db)).toEqual(cursor)
  expect(await commitBlock(db, cursor, 1)).toMatchObject({ blockNumber: 1 })
})
