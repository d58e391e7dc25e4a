import { sql } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { type Cursor, readCursor } from '../../src/store/cursor.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { anyJob, beginIndex, commitBlock, stored } from '../helpers/writer.ts'

const ALL = ['budget', 'clientId', 'evaluatorId', 'providerId', 'status', 'strategyType', 'verificationLevel']

/** Begins an index whose first sync ends at `feedFromBlock`. */
async function begin(feedFromBlock: number): Promise<Database> {
  const db = createDatabase(await openPostgres(await createSharedDatabase(), jobRegistry))
  await beginIndex(db, feedFromBlock)
  return db
}

async function addBlock(db: Database, from?: Cursor): Promise<Cursor | null> {
  const cursor = from ?? ((await readCursor(db)) as Cursor)
  const blockNumber = cursor.blockNumber + 1
  return commitBlock(db, cursor, blockNumber, {
    jobs: [{ blockNumber, logIndex: 0, before: null, after: stored(anyJob(blockNumber, blockNumber)) }],
  })
}

async function indexes(db: Database): Promise<string[]> {
  const rows = await db.orm.execute<{ name: string }>(
    sql`select substr(indexname, 9) as name from pg_indexes where indexname like 'jobs\_by\_%' order by 1`,
  )
  return rows.map(({ name }) => name)
}

describe('the indexes of filters', () => {
  it('are created when the past is indexed, before the step that begins the feed', async () => {
    const db = await begin(3)
    await addBlock(db)
    await addBlock(db)
    expect(await indexes(db)).toEqual([])
    const before = await readCursor(db)
    await addBlock(db)
    expect(await indexes(db)).toEqual(ALL)
    expect((await readCursor(db))?.silent).toBe(false)
    expect(await db.orm.execute(sql`select from pg_stats where tablename = 'jobs_by_status'`)).toHaveLength(1)
    // A step of another process that read the same cursor fails, even though the indexes exist now.
    expect(await addBlock(db, before as Cursor)).toBeNull()
    expect(await addBlock(db)).not.toBeNull()
    await db.close()
  })

  it('exist from the beginning if the contract has no past', async () => {
    const db = await begin(0)
    expect(await indexes(db)).toEqual(ALL)
    await db.close()
  })

  it('are completed by the next attempt if their creation was interrupted', async () => {
    const db = await begin(1)
    await db.orm.execute(sql`create index "jobs_by_clientId" on jobs ((keys[2]), block_number, log_index)`)
    await addBlock(db)
    expect(await indexes(db)).toEqual(ALL)
    await db.close()
  })
})
