import { type SQL, sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { Job } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { rewindEntries } from '../../src/indexer/fold.ts'
import { beginCursor, type Cursor, readCursor } from '../../src/store/cursor.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { readJobs, readRewind } from '../../src/store/jobs.ts'
import { NOTIFY, PAYLOAD } from '../../src/store/notifications.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { commitStep } from '../../src/store/step.ts'
import type { JobWrite, Step, StoredJob } from '../../src/store/writes.ts'
import { startService } from './service.ts'

/** Writes a database as an indexer does, one block per call, for tests that need no chain. */
export interface Writer {
  /** Commits one block with these jobs. Missing fields get typical values. Resolves with the last feed id. */
  add(...jobs: Partial<Job>[]): Promise<number>
  /** Commits one block in which a log changes a job. Resolves with the last feed id. */
  change(jobId: string, set: Partial<Job>): Promise<number>
  /** Removes the newest blocks, as a reorg does. Resolves with the last feed id. */
  remove(blocks: number): Promise<number>
  /** Appends a feed entry with any text as its data. Resolves with its id. */
  append(data: string): Promise<number>
  lastId(): Promise<number>
  run(query: SQL): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const FIRST_TIMESTAMP = 1_790_000_000

/** A job of the default contract with typical values. */
export function anyJob(n: number, blockNumber: number): Job {
  return {
    jobId: String(n),
    status: 'OPEN',
    clientId: '7',
    strategyType: 'PROGRAM',
    verificationLevel: 1,
    budget: '100.000000',
    onchainDeadline: '1900000000',
    onchainCreatedAt: String(FIRST_TIMESTAMP + blockNumber),
    creationTxHash: word(n),
    blockNumber: String(blockNumber),
    title: null,
    description: null,
    providerId: null,
    evaluatorId: null,
  }
}

export function stored(job: Job): StoredJob {
  return { job, data: JSON.stringify(job) }
}

/** Begins an index at block 0 of a new database. Its feed begins at `feedFromBlock`. */
export function beginIndex(db: Database, feedFromBlock = 0): Promise<void> {
  return beginCursor(db, jobRegistry, {
    chainId: 31337,
    genesisHash: word(0),
    contractAddress: '0x0000000000000000000000000000000000000001',
    startBlock: 0,
    feedFromBlock,
    blockNumber: 0,
    blockHash: word(0),
    finalizedNumber: 0,
    blockTimestamp: String(FIRST_TIMESTAMP),
  })
}

/**
 * Moves the cursor from `from` to a block, with what `step` writes. Resolves with the new cursor, or with
 * null if another writer was faster.
 */
export async function commitBlock(
  db: Database,
  from: Cursor,
  number: number,
  step: Partial<Step> = {},
): Promise<Cursor | null> {
  const timestamp = String(FIRST_TIMESTAMP + number)
  const committed = await commitStep(db, jobRegistry, from, 'test', {
    to: { number, hash: word(number), timestamp },
    blocks: [{ number, hash: word(number) }],
    finalizedNumber: 0,
    head: { number, timestamp },
    jobs: [],
    changes: [],
    unapplied: [],
    entries: [],
    ...step,
  })
  return committed?.cursor ?? null
}

export async function openWriter(databaseUrl: string): Promise<Writer> {
  const db = createDatabase(await openPostgres(databaseUrl, jobRegistry, { connections: 2 }))
  await beginIndex(db)
  const count = await db.orm.execute<{ count: string }>(sql`select count(*) as count from jobs`)
  let jobs = Number(count[0]?.count)
  const cursor = async () => (await readCursor(db)) as Cursor
  const lastId = async () => (await cursor()).lastId

  async function commit(from: Cursor, number: number, step: Partial<Step>): Promise<number> {
    const moved = await commitBlock(db, from, number, step)
    if (!moved) throw new Error('another writer was faster')
    return lastId()
  }

  return {
    async add(...wanted) {
      const from = await cursor()
      const blockNumber = from.blockNumber + 1
      const writes = wanted.map((job, logIndex): JobWrite => {
        const after = stored({ ...anyJob(++jobs, blockNumber), ...job } as Job)
        return { blockNumber, logIndex, before: null, after }
      })
      const entries = writes.map(({ after }) => ({
        type: 'job_created' as const,
        data: after?.data ?? '',
        before: null,
      }))
      return commit(from, blockNumber, { jobs: writes, entries })
    },
    async change(jobId, set) {
      const from = await cursor()
      const blockNumber = from.blockNumber + 1
      const found = (await readJobs(db, [jobId])).get(jobId)
      if (!found) throw new Error(`no job ${jobId}`)
      const after = stored({ ...found.job, ...set } as Job)
      const position = { blockNumber: found.blockNumber, logIndex: found.logIndex }
      return commit(from, blockNumber, {
        jobs: [{ ...position, before: { job: found.job, data: found.data }, after }],
        changes: [
          {
            blockNumber,
            logIndex: 0,
            jobBlock: found.blockNumber,
            jobLog: found.logIndex,
            event: 'JobChanged',
            status: after.job.status,
            timestamp: String(FIRST_TIMESTAMP + blockNumber),
            transactionHash: word(1_000_000 + blockNumber),
            before: found.data,
          },
        ],
        entries: [{ type: 'job_updated', data: after.data, before: found.data }],
      })
    },
    async remove(blocks) {
      const from = await cursor()
      const number = from.blockNumber - blocks
      const writes = await readRewind(db, number)
      return commit(from, number, { jobs: writes, entries: rewindEntries(writes) })
    },
    async append(data) {
      const id = (await lastId()) + 1
      await db.orm.execute(sql`
        with entry as (insert into feed (id, type, data) values (${id}::bigint, 'job_created', ${data}::text)),
        moved as (
          update cursor set last_id = ${id}::bigint, revision = revision + 1
          returning ${sql.raw(PAYLOAD)} as payload)
        select ${sql.raw(NOTIFY)} from moved`)
      return id
    },
    lastId,
    run: (query) => db.orm.execute(query),
    close: () => db.close(),
  }
}

/** Starts Jobcast in this process on a database that a test writes. */
export async function serveDatabase(databaseUrl: string, env: Record<string, string> = {}) {
  return startService({ DATABASE_URL: databaseUrl, ...env }, 'api')
}
