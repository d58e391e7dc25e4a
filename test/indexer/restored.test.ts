import { sql } from 'drizzle-orm'
import { expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { CannotIndexError, type Source } from '../../src/chain/source.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createStepper } from '../../src/indexer/converge.ts'
import { createDatabase } from '../../src/store/database.ts'
import { acquireLease } from '../../src/store/lease.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { cursor } from '../../src/store/schema.ts'
import { startChain } from '../helpers/anvil.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { indexerContext } from './indexing.ts'

it('an indexer that was halted meanwhile notices that the database was restored to an older state', async () => {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const driver = await openPostgres(await createSharedDatabase(), jobRegistry, { connections: 1 })
  onTestFinished(() => driver.close())
  let answers = 0
  const counted: typeof driver.query = async (...statement) =>
    driver.query(...statement).finally(() => answers++)
  const db = createDatabase({ ...driver, query: counted })

  /** An indexer whose source has another `head`. `take` gives it the lease. */
  async function createIndexer(head: (source: Source) => Source['head']) {
    const address = chain.address.toLowerCase() as `0x${string}`
    const source = createRpcSource([chain.url], { address, topics: jobRegistry.topics })
    onTestFinished(() => source.close())
    const context = indexerContext({ ...source, head: head(source) }, db, address)
    const take = async () => {
      await db.orm.update(cursor).set({ indexer: null })
      expect(await acquireLease(db, context.indexerId)).toBe(true)
    }
    return { step: createStepper(context).step, take }
  }

  let isWrongChain = false
  const halting = await createIndexer((source) => async (known) => {
    if (!isWrongChain) return source.head(known)
    const before = answers
    await until(() => answers > before, { message: 'the step has read the cursor' })
    throw new CannotIndexError('the endpoint is on another chain')
  })
  const other = await createIndexer((source) => source.head)
  await halting.take()
  expect(await halting.step()).toBe('begun')
  while ((await halting.step()) !== 'caught-up');
  const { revision } = await readRow()

  isWrongChain = true
  await other.take()
  for (let blocks = 0; blocks < 3; blocks++) {
    await chain.createJob()
    await other.step()
  }
  await expect(halting.step()).rejects.toThrow('another chain')
  const reached = (await readRow()).revision
  expect(reached).toBeGreaterThan(revision + 1)

  // A backup from between the two: newer than what the halted indexer wrote.
  await db.orm.update(cursor).set({ revision: sql`${cursor.revision} - 1` })
  isWrongChain = false
  expect(await halting.step()).toBe('conflicted')

  async function readRow() {
    const [row] = await db.orm.select({ revision: cursor.revision }).from(cursor)
    if (!row) throw new Error('there is no cursor')
    return row
  }
})
