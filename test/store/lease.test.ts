import { expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createLease, dropIfExpired, ensureLease, recordContactIfDue } from '../../src/indexer/lease.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { releaseLease } from '../../src/store/lease.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { readState } from '../../src/store/state.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'

async function openDatabase(): Promise<Database> {
  const driver = await openPostgres(await createSharedDatabase(), jobRegistry, { connections: 2 })
  onTestFinished(() => driver.close())
  return createDatabase(driver)
}

/** Sets the last renewal of the lease back by a minute. */
const expireRenewal = (db: Database) =>
  db.run(`update cursor set renewed_at = renewed_at - interval '1 minute'`, [])
const lastId = async (db: Database) => (await readState(db)).lastId

it('an indexer that holds its lease continues the ids without a jump', async () => {
  const db = await openDatabase()
  const lease = createLease(db, 'a')
  expect(await ensureLease(lease)).toBe(true)
  const before = await lastId(db)
  await recordContactIfDue(lease, null)
  expect(await ensureLease(lease)).toBe(true)
  expect(await lastId(db)).toBe(before)
})

// The database may have been restored meanwhile to a state in which it names this process.
it('an indexer whose lease has expired adds a jump when it acquires it again, even if the database names it as the holder', async () => {
  const db = await openDatabase()
  const lease = createLease(db, 'a')
  await ensureLease(lease)
  const before = await lastId(db)
  lease.heldAt = Number.NEGATIVE_INFINITY
  dropIfExpired(lease)
  expect(await ensureLease(lease)).toBe(true)
  expect(await lastId(db)).toBeGreaterThan(before)
})

it('an indexer that cannot renew its lease adds a jump when it acquires it again', async () => {
  const db = await openDatabase()
  const lease = createLease(db, 'a')
  await ensureLease(lease)
  const before = await lastId(db)
  await releaseLease(db, 'a')
  await recordContactIfDue(lease, null)
  expect(lease.held).toBe(false)
  expect(await ensureLease(lease)).toBe(true)
  expect(await lastId(db)).toBeGreaterThan(before)
})

it('one process holds the lease, and another gets it once it has expired', async () => {
  const db = await openDatabase()
  const [a, b] = [createLease(db, 'a'), createLease(db, 'b')]
  expect(await ensureLease(a)).toBe(true)
  expect(await ensureLease(b)).toBe(false)
  await expireRenewal(db)
  // A holder that fails acquires its own lease without renewing it.
  a.heldAt = Number.NEGATIVE_INFINITY
  dropIfExpired(a)
  expect(await ensureLease(a)).toBe(true)
  expect(await ensureLease(b)).toBe(true)
  a.held = false
  expect(await ensureLease(a)).toBe(false)
})

it('acquiring the lease does not count as an answer from the chain', async () => {
  const db = await openDatabase()
  const lease = createLease(db, 'a')
  await ensureLease(lease)
  expect((await readState(db)).checkedAgo).toBeNull()
  await recordContactIfDue(lease, null)
  expect((await readState(db)).checkedAgo).toBeLessThan(60)
})
