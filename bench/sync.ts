import postgres from 'postgres'
import { WAKE_CHANNEL } from '../src/store/step.ts'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { until } from '../test/helpers/until.ts'
import { type FilledChain, startFilledChain } from './chain.ts'
import { startChild } from './child.ts'
import { startJobcast } from './process.ts'
import type { Bench } from './report.ts'

/** The first sync of a contract's past. */
export const sync: Bench = {
  name: 'sync',
  about:
    'logs/s from nothing to the head: 50 logs a block over HTTP RPC, into Postgres with its defaults (durable)',
  leavesOut:
    "the process's own start (see start), a network between it and the node, and a provider's limits; the node shares the cores",
  async run({ quick }) {
    const blocks = quick ? 400 : 2_000
    const chain = await startFilledChain(blocks, 50)
    const pg = await startPostgres({ durable: true })
    const figures = {
      raw: [] as number[],
      byColumn: [] as number[],
      jobcast: [] as number[],
      plain: [] as number[],
    }
    try {
      for (let round = 0; round < (quick ? 2 : 3); round++) {
        figures.byColumn.push(await syncFloor('floors/sync.ts', chain, pg, blocks * 50, { byColumn: true }))
        figures.raw.push(await syncFloor('floors/sync.ts', chain, pg, blocks * 50))
        figures.jobcast.push(await syncJobcast(chain, pg, blocks * 50))
        figures.plain.push(await syncFloor('floors/syncPlain.ts', chain, pg, blocks * 50))
      }
    } finally {
      await pg.stop()
      await chain.stop()
    }
    const { raw, byColumn, jobcast, plain } = figures
    const what = `sync of ${(blocks * 50).toLocaleString('en-US')} logs`
    return [
      { what, unit: 'logs/s', jobcast, floor: { name: 'raw loop', values: raw }, goal: { atLeast: 0.7 } },
      { what, unit: 'logs/s', jobcast, floor: { name: 'raw loop, by column', values: byColumn } },
      { what, unit: 'logs/s', jobcast, floor: { name: 'viem loop', values: plain }, goal: { atLeast: 2 } },
    ]
  },
}

export async function syncFloor(
  file: string,
  chain: FilledChain,
  pg: TestPostgres,
  jobs: number,
  options: { byColumn?: boolean } = {},
): Promise<number> {
  const databaseUrl = await pg.createDatabase()
  const child = startChild(file)
  try {
    const { seconds, count } = await child.ask<{ seconds: number; count: number }>('sync', {
      url: chain.url,
      address: chain.address,
      from: chain.firstBlock,
      to: chain.lastBlock,
      databaseUrl,
      ...options,
    })
    if (count !== jobs) throw new Error(`${file} wrote ${count} of ${jobs} jobs`)
    return jobs / seconds
  } finally {
    await child.end()
  }
}

/** Logs a second, between the first position in its database and the commit of the last block, which tells by NOTIFY. */
export async function syncJobcast(chain: FilledChain, pg: TestPostgres, jobs: number): Promise<number> {
  const databaseUrl = await pg.createDatabase()
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  let end: number | undefined
  // Looking again and again would take a tenth of the machine.
  await sql.listen(WAKE_CHANNEL, (payload) => {
    if (Number(payload.split(' ')[1]) === chain.lastBlock) end = performance.now()
  })
  // The chain answers when the process stands: as the floor's, its own start is not what is measured.
  chain.kill('SIGSTOP')
  const jobcast = await startJobcast({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: databaseUrl,
  })
  try {
    await jobcast.untilReady()
    chain.kill('SIGCONT')
    const began = async () => {
      const [row] = await sql`select block_number from cursor`.catch(() => [])
      return row?.block_number != null && performance.now()
    }
    const start = await until(began, { intervalMs: 5, message: 'the sync begins' })
    const ended = await until(() => end, { timeout: 120_000, message: 'the last block is indexed' })
    const [row] = await sql`select count(*)::int as count from jobs`
    if (row?.count !== jobs) throw new Error(`Jobcast wrote ${row?.count} of ${jobs} jobs`)
    return jobs / ((ended - start) / 1000)
  } finally {
    chain.kill('SIGCONT')
    await sql.end()
    await jobcast.stop()
  }
}
