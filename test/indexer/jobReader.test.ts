import { afterAll, beforeAll, expect, it } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createJobReader } from '../../src/indexer/jobReader.ts'
import { type Cursor, readCursor } from '../../src/store/cursor.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { anyJob, beginIndex, commitBlock, stored } from '../helpers/writer.ts'

let db: Database
let queries = 0
beforeAll(async () => {
  const driver = await openPostgres(await createSharedDatabase(), jobRegistry)
  db = createDatabase({
    ...driver,
    query(text, params, options) {
      queries++
      return driver.query(text, params, options)
    },
  })
  await beginIndex(db)
})
afterAll(() => db?.close())

/** Commits the next block, which creates a job. Resolves with the cursor, the writes and the job's id. */
async function createJob() {
  const from = (await readCursor(db)) as Cursor
  const blockNumber = from.blockNumber + 1
  const after = stored(anyJob(blockNumber, blockNumber))
  const jobs = [{ blockNumber, logIndex: 0, before: null, after }]
  const cursor = (await commitBlock(db, from, blockNumber, { jobs })) as Cursor
  return { cursor, jobs, jobId: after.job.jobId }
}

it('a job that the latest steps wrote is read from memory, any other from the database', async () => {
  const reader = createJobReader(db)
  const other = await createJob()
  const recent = await createJob()
  await reader.read(recent.cursor, [])
  reader.keep(recent.cursor, recent.jobs)
  queries = 0
  expect([...(await reader.read(recent.cursor, [recent.jobId])).keys()]).toEqual([recent.jobId])
  expect(queries).toBe(0)
  const both = await reader.read(recent.cursor, [other.jobId, recent.jobId, 'never created'])
  expect(new Set(both.keys())).toEqual(new Set([other.jobId, recent.jobId]))
  expect(queries).toBe(1)
})

it.each([
  ['of a later revision', (cursor: Cursor) => ({ ...cursor, revision: cursor.revision + 1 })],
  [
    'of a restored database at the same revision',
    (cursor: Cursor) => ({ ...cursor, lastId: cursor.lastId + 1 }),
  ],
])('jobs in memory are not used for a cursor %s', async (_which, moved) => {
  const reader = createJobReader(db)
  const { cursor, jobs, jobId } = await createJob()
  const outdated = stored(anyJob(0, 0))
  reader.keep(
    cursor,
    jobs.map((write) => ({ ...write, after: { ...outdated, job: { ...outdated.job, jobId } } })),
  )
  const found = await reader.read(moved(cursor), [jobId])
  expect(found.get(jobId)?.data).toBe(jobs[0]?.after.data)
})
