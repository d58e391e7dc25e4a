import { cp, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { createDataDir } from '../helpers/dataDir.ts'
import type { EventStream } from '../helpers/eventStream.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { reader } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { tempDir } from '../helpers/tempDir.ts'
import { until } from '../helpers/until.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(async () => {
  await chain?.stop()
})

interface Backup {
  env: Record<string, string>
  take(): Promise<void>
  restore(): Promise<void>
}

/** A Postgres database. It can be backed up and restored while processes run; they lose their connections. */
async function postgresBackup(): Promise<Backup> {
  const url = await createSharedDatabase()
  const name = new URL(url).pathname.slice(1)
  const withoutConnections = async (...statements: string[]) => {
    const admin = postgres(new URL('/postgres', url).href, { max: 1, onnotice() {} })
    try {
      await admin.unsafe(`alter database ${name} allow_connections false`)
      await until(
        async () => {
          const ended =
            await admin`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
          return ended.length === 0
        },
        { message: 'no connection is left' },
      )
      for (const statement of statements) await admin.unsafe(statement)
      await admin.unsafe(`alter database ${name} allow_connections true`)
    } finally {
      await admin.end()
    }
  }
  return {
    env: { DATABASE_URL: url },
    take: () => withoutConnections(`create database ${name}_backup template ${name}`),
    restore: () =>
      withoutConnections(`drop database ${name}`, `alter database ${name}_backup rename to ${name}`),
  }
}

/** A PGlite folder. It is backed up and restored while no process uses it. */
async function folderBackup(): Promise<Backup> {
  const [{ path: data, remove }, elsewhere] = await Promise.all([createDataDir(), tempDir()])
  onTestFinished(async () => void (await Promise.all([remove(), elsewhere.remove()])))
  const copy = join(elsewhere.path, 'copy')
  return {
    env: { DATA_DIR: data },
    take: () => cp(data, copy, { recursive: true }),
    async restore() {
      await rm(data, { recursive: true })
      await rename(copy, data)
    },
  }
}

async function start(env: Record<string, string>): Promise<JobcastProcess> {
  const process = await startProcess({
    env: {
      RPC_URL: chain.wsUrl,
      CONTRACT_ADDRESS: chain.address,
      POLL_INTERVAL_MS: '100',
      RATE_LIMIT: '0',
      ...env,
    },
  })
  onTestFinished(async () => void (await process.stop()))
  await process.untilAnswers('/ready')
  return process
}

const idsOf = (stream: EventStream) => stream.of('job_created').map(({ id }) => Number(id))
const jobsOf = (stream: EventStream) => stream.of('job_created').map(({ data }) => data.jobId)
const resumed = async (stream: EventStream) => (await stream.connected).data.resumed

/**
 * Creates jobs in one block each. Resolves with the ids of their events once a subscriber has received all
 * of them.
 */
async function createJobs(process: JobcastProcess, count: number): Promise<number[]> {
  const stream = subscribe(process)
  await stream.connected
  await chain.createJobs(count, { perTransaction: 1 })
  await stream.waitFor(count)
  stream.close()
  return idsOf(stream)
}

/**
 * Expects that a lost id is answered as a gap, that a kept id is resumed, and that lost jobs are indexed
 * again with greater ids.
 */
async function expectGapOnlyForLost(process: JobcastProcess, kept: number[], lost: number[]): Promise<void> {
  const newest = lost.at(-1) as number
  const total = (await jobsOnChain(chain)).length
  await until(async () => (await reader(process.url).history()).length === total, {
    message: 'the lost jobs are indexed again',
  })
  for (const id of lost) {
    const stream = subscribe(process, { lastEventId: id })
    expect(await resumed(stream), `lost id ${id}`).toBe(false)
    expect(Number((await stream.connected).id)).toBeGreaterThan(newest)
  }
  const all = (await reader(process.url).history()).map(({ jobId }) => jobId)
  for (const [i, id] of kept.entries()) {
    const stream = subscribe(process, { lastEventId: id })
    expect(await resumed(stream), `kept id ${id}`).toBe(true)
    const due = kept.length - 1 - i + lost.length
    await stream.waitFor(due)
    expect(jobsOf(stream)).toEqual(all.slice(-due))
    for (const again of idsOf(stream).slice(-lost.length)) expect(again).toBeGreaterThan(newest)
  }
}

describe('a database restored from a backup', () => {
  it.each([
    ['Postgres', postgresBackup],
    ['PGlite', folderBackup],
  ])(
    'never assigns an id twice, and answers a lost id as a gap: %s, restored while no process runs',
    async (_name, open) => {
      const backup = await open()
      let process = await start(backup.env)
      const kept = await createJobs(process, 3)
      await process.stop()
      await backup.take()

      process = await start(backup.env)
      // An ordinary restart causes no gap.
      for (const id of kept) expect(await resumed(subscribe(process, { lastEventId: id }))).toBe(true)
      const lost = await createJobs(process, 4)
      await process.stop()
      await backup.restore()

      process = await start(backup.env)
      await expectGapOnlyForLost(process, kept, lost)
    },
  )

  it('never assigns an id twice, and answers a lost id as a gap: Postgres, restored while processes run', async () => {
    const backup = await postgresBackup()
    const process = await start(backup.env)
    const standby = await start(backup.env)
    const kept = await createJobs(process, 3)
    await backup.take()
    await process.untilAnswers('/ready')
    const lost = await createJobs(process, 4)
    const follower = subscribe(standby)
    await follower.connected

    await backup.restore()
    await expectGapOnlyForLost(process, kept, lost)
    await expectGapOnlyForLost(standby, kept, lost)
    const again = await follower.waitFor(({ type, data }) => type === 'connected' && data.resumed === false)
    expect(Number(again.id)).toBeGreaterThan(lost.at(-1) as number)
  })

  it('is distinguished from a takeover by a standby, which causes no gap', async () => {
    const { env } = await postgresBackup()
    const first = await start(env)
    const second = await start(env)
    const follower = subscribe(second)
    await follower.connected
    const before = await createJobs(first, 3)
    await first.kill('SIGKILL')
    await createJobs(second, 2)
    await follower.waitFor(5)
    expect(follower.of('connected')).toHaveLength(1)
    const late = subscribe(second, { lastEventId: before[0] as number })
    expect(await resumed(late)).toBe(true)
    await late.waitFor(4)
    expect(idsOf(late)).toEqual(idsOf(follower).slice(1))
  })
})
