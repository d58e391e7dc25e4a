import { sql } from 'drizzle-orm'
import type { Hex } from 'viem'
import type { JobRecord } from '../../src/job.ts'
import { beginCursor, type Cursor, readCursor } from '../../src/store/cursor.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { advance, rewind, WAKE_CHANNEL } from '../../src/store/step.ts'
import { startService } from './service.ts'

/** Writes a database as an indexer does, one block a call, without a chain: for tests of what comes after it. */
export interface Writer {
  /** Commits one block with these jobs; fields left out get values of their own. Resolves with the last feed id. */
  add(...jobs: Partial<JobRecord>[]): Promise<number>
  /** Takes the newest blocks away again, as a reorg does. Resolves with the last feed id. */
  remove(blocks: number): Promise<number>
  /** Appends a feed entry with data of any text. */
  append(data: string): Promise<number>
  lastId(): Promise<number>
  run(query: ReturnType<typeof sql>): Promise<Record<string, unknown>[]>
  close(): Promise<void>
}

const word = (n: number): Hex => `0x${n.toString(16).padStart(64, '0')}`
const me = 'test'

export async function openWriter(databaseUrl: string): Promise<Writer> {
  const db = await openPostgres(databaseUrl, { connections: 2 })
  await beginCursor(db, {
    chainId: 31337,
    genesisHash: word(0),
    contract: '0x0000000000000000000000000000000000000001',
    startBlock: 0,
    feedFromBlock: 0,
    silent: false,
    blockNumber: 0,
    blockHash: word(0),
    finalizedNumber: 0,
    blockTimestamp: '1790000000',
  })
  let jobs = Number((await db.rows(sql`select count(*) as count from jobs`))[0]?.count)
  const cursor = async () => (await readCursor(db)) as Cursor
  const lastId = async () => (await cursor()).lastId

  return {
    async add(...wanted) {
      const from = await cursor()
      const number = from.blockNumber + 1
      const block = { number, hash: word(number) }
      const timestamp = String(1_790_000_000 + number)
      const records = wanted.map((job, logIndex): JobRecord => {
        jobs++
        return {
          jobId: String(jobs),
          clientId: '7',
          strategyType: 0,
          verificationLevel: 1,
          budget: '100000000',
          deadline: '1900000000',
          blockNumber: number,
          blockHash: block.hash,
          blockTimestamp: timestamp,
          logIndex,
          transactionHash: word(jobs),
          ...job,
        }
      })
      const moved = await advance(db, from, me, {
        to: { ...block, timestamp },
        blocks: [block],
        finalizedNumber: 0,
        head: { number, timestamp },
        jobs: records,
        malformed: [],
      })
      if (!moved) throw new Error('another writer was faster')
      return lastId()
    },
    async remove(blocks) {
      const from = await cursor()
      const number = from.blockNumber - blocks
      await rewind(db, from, me, { number, hash: word(number), timestamp: String(1_790_000_000 + number) })
      return lastId()
    },
    async append(data) {
      const id = (await lastId()) + 1
      await db.rows(sql`
        with entry as (insert into feed (id, type, data) values (${id}::bigint, 'job_created', ${data}::text)),
        moved as (update cursor set last_id = ${id}::bigint, revision = revision + 1)
        select pg_notify(${WAKE_CHANNEL}::text, ${`${id} 1`}::text)`)
      return id
    },
    lastId,
    run: (query) => db.rows(query),
    close: () => db.close(),
  }
}

/** Jobcast in this process, which serves a database that a test writes. */
export async function serveDatabase(databaseUrl: string, env: Record<string, string> = {}) {
  return startService({ DATABASE_URL: databaseUrl, ...env }, 'api')
}
