import postgres from 'postgres'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { until } from '../test/helpers/until.ts'
import { type FilledChain, startFilledChain } from './chain.ts'
import { startChild } from './child.ts'
import { startJobcast } from './process.ts'
import type { Bench, Figure } from './report.ts'

/** Measures the first sync of a contract's past. */
export const sync: Bench = {
  name: 'sync',
  about:
    'logs/s of a sync from an empty database to the head: 50 logs per block over HTTP RPC, into Postgres with its default (durable) settings; for new jobs, and for jobs of five logs each',
  leavesOut:
    'the start of the process (see start), a network to the node, and the limits of providers; the node shares the cores',
  async run({ quick }) {
    const blocks = quick ? 400 : 2_000
    const rounds = quick ? 2 : 3
    const pg = await startPostgres({ durable: true })
    try {
      return [...(await createdOnly(pg, blocks, rounds)), ...(await mixed(pg, blocks, rounds))]
    } finally {
      await pg.stop()
    }
  },
}

/** Each log is a new job. */
async function createdOnly(pg: TestPostgres, blocks: number, rounds: number): Promise<Figure[]> {
  const chain = await startFilledChain(blocks, 50)
  const raw: number[] = []
  const byColumn: number[] = []
  const jobcast: number[] = []
  const plain: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      byColumn.push(await syncFloor('floors/sync.ts', chain, pg, { byColumn: true }))
      raw.push(await syncFloor('floors/sync.ts', chain, pg))
      jobcast.push(await syncJobcast(chain, pg))
      plain.push(await syncFloor('floors/syncPlain.ts', chain, pg))
    }
  } finally {
    await chain.stop()
  }
  const of = { what: `sync of ${chain.logs.toLocaleString('en-US')} logs`, unit: 'logs/s', jobcast }
  return [
    { ...of, floor: { name: 'raw loop', values: raw }, goal: { atLeast: 0.6 } },
    { ...of, floor: { name: 'raw loop, by column', values: byColumn } },
    { ...of, floor: { name: 'viem loop', values: plain } },
  ]
}

/** Each job is created and completed by five logs. The floor writes each log as a row. */
async function mixed(pg: TestPostgres, blocks: number, rounds: number): Promise<Figure[]> {
  const chain = await startFilledChain(blocks, 10, { mixed: true })
  const raw: number[] = []
  const jobcast: number[] = []
  try {
    for (let round = 0; round < rounds; round++) {
      raw.push(await syncFloor('floors/sync.ts', chain, pg, { mixed: true }))
      jobcast.push(await syncJobcast(chain, pg))
    }
  } finally {
    await chain.stop()
  }
  const what = `sync of ${chain.logs.toLocaleString('en-US')} mixed logs, 5 a job`
  const floor = { name: 'raw loop, a row a log', values: raw }
  return [{ what, unit: 'logs/s', jobcast, floor, goal: { atLeast: 0.5 } }]
}

async function syncFloor(
  file: string,
  chain: FilledChain,
  pg: TestPostgres,
  options: { byColumn?: boolean; mixed?: boolean } = {},
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
    if (count !== chain.logs) throw new Error(`${file} wrote ${count} of ${chain.logs} logs`)
    return chain.logs / seconds
  } finally {
    await child.end()
  }
}

/** Logs per second, from the first cursor in the database to the NOTIFY of the last block. */
export async function syncJobcast(chain: FilledChain, pg: TestPostgres): Promise<number> {
  const databaseUrl = await pg.createDatabase()
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  let end: number | undefined
  // Polling instead of LISTEN would take a tenth of the machine.
  await sql.listen('jobcast_public', (payload) => {
    if (Number(payload.split(' ')[1]) === chain.lastBlock) end = performance.now()
  })
  // The chain is paused until the process is ready, so that the start of the process is not measured, as with
  // the floor.
  chain.kill('SIGSTOP')
  const jobcast = await startJobcast({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: databaseUrl,
  })
  try {
    await jobcast.untilAnswers()
    chain.kill('SIGCONT')
    const began = async () => {
      const [row] = await sql`select block_number from cursor`.catch(() => [])
      return row?.block_number != null && performance.now()
    }
    const start = await until(began, { intervalMs: 5, message: 'the sync begins' })
    const ended = await until(() => end, { timeout: 120_000, message: 'the last block is indexed' })
    const [row] = await sql`
      select ((select count(*) from jobs) + (select count(*) from changes))::int as count`
    if (row?.count !== chain.logs) throw new Error(`Jobcast applied ${row?.count} of ${chain.logs} logs`)
    return chain.logs / ((ended - start) / 1000)
  } finally {
    chain.kill('SIGCONT')
    await sql.end()
    await jobcast.stop()
  }
}
