import { expect, it, onTestFinished, vi } from 'vitest'
import { CannotIndexError } from '../../src/chain/source.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { Outcome } from '../../src/indexer/context.ts'
import { createDatabase } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { readState } from '../../src/store/state.ts'
import { unreachable } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { startIndexing } from './indexing.ts'

/** Starts an indexer on a new database. It takes the test's steps instead of its own, so it needs no chain. */
async function startWith(step: () => Promise<Outcome>) {
  const databaseUrl = await createSharedDatabase()
  const driver = await openPostgres(databaseUrl, jobRegistry, { connections: 1 })
  onTestFinished(() => driver.close())
  const { RPC_URL: url } = unreachable
  return { ...(await startIndexing({ url, address: '0x', databaseUrl, step })), db: createDatabase(driver) }
}

it('a halted indexer retries without acquiring the lease again, so its retries add no jumps to the feed', async () => {
  // The loop waits by setTimeout. Its lease expires by performance.now(), read from the acquisition on.
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'], shouldAdvanceTime: true })
  onTestFinished(() => void vi.useRealTimers())
  let steps = 0
  const { indexer, db } = await startWith(async () => {
    steps++
    throw new CannotIndexError('an operator must act')
  })
  const ids: number[] = []
  for (const times of [1, 2, 3]) {
    await until(() => steps === times, { message: `${times} steps` })
    expect(indexer.state().name).toBe('halted')
    ids.push((await readState(db)).lastId)
    vi.advanceTimersByTime(15_000)
  }
  expect(ids[0]).toBeGreaterThan(0)
  expect(new Set(ids).size).toBe(1)
})

it('stop() waits 4 s for a step that hangs, then returns without releasing the lease', async () => {
  let release = () => {}
  const { indexer, readProgress } = await startWith(
    () =>
      new Promise((resolve) => {
        release = () => resolve('caught-up')
      }),
  )
  // Otherwise the heartbeat of the step would outlive the test.
  onTestFinished(() => release())
  const holder = await until(async () => (await readProgress())?.indexer, { message: 'it holds the lease' })
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
  let stopped = false
  void indexer.stop().then(() => {
    stopped = true
  })
  await vi.advanceTimersByTimeAsync(3_999)
  expect(stopped).toBe(false)
  await vi.advanceTimersByTimeAsync(1)
  expect(stopped).toBe(true)
  expect((await readProgress())?.indexer).toBe(holder)
})
