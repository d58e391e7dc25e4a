import { readFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import postgresJs from 'postgres'
import { startChain } from '../helpers/anvil.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startService } from '../helpers/service.ts'

/**
 * `npx tsx test/cluster/load.ts`: measures the load of N api servers on one Postgres, for N = 1, 8, 32.
 *
 * Each server has its own connections, feed, poll and LISTEN. All run in this process, because 32 processes
 * would measure the machine. First 10 s without a block, then a block with 10 jobs each second for 20 s.
 * Statements are counted as transactions of pg_stat_database. CPU is that of all processes of Postgres. The
 * values of N = 0 are subtracted.
 */
const COUNTS = [0, 1, 8, 32]
const BLOCKS = 20
const JOBS = 10
const QUIET_SECONDS = 10

const chain = await startChain()
const postgres = await startPostgres()
const rows: Record<string, string | number>[] = []
let none = { perBlock: 0, quiet: 0, cpuPerBlock: 0 }
try {
  for (const count of COUNTS) {
    const row = await measure(count)
    if (count === 0) none = row
    else
      rows.push({
        'api processes': count,
        'connections quiet': row.connections,
        'statements/s quiet': round(row.quiet - none.quiet),
        'statements a block': round(row.perBlock - none.perBlock - (row.quiet - none.quiet)),
        'the same, each process': round((row.perBlock - none.perBlock - (row.quiet - none.quiet)) / count),
        'Postgres CPU ms a block': round(row.cpuPerBlock - none.cpuPerBlock),
      })
  }
  console.table(rows)
} finally {
  await Promise.all([chain.stop(), postgres.stop()])
}

async function measure(count: number) {
  const DATABASE_URL = await postgres.createDatabase()
  const settings = { DATABASE_URL, RPC_URL: chain.wsUrl, CONTRACT_ADDRESS: chain.address }
  const indexer = await startService({ ...settings, POLL_INTERVAL_MS: '10000' }, 'indexer')
  const apis = []
  for (let i = 0; i < count; i++)
    apis.push(await startService({ DATABASE_URL, DATABASE_CONNECTIONS: '1' }, 'api'))
  await indexer.untilReady()
  await pause(3)
  const sql = postgresJs(DATABASE_URL, { max: 1 })
  const quietFrom = await read(sql)
  await pause(QUIET_SECONDS)
  const quiet = await read(sql)
  for (let i = 0; i < BLOCKS; i++) {
    const next = pause(1)
    await chain.createJobs(JOBS, { perTransaction: JOBS })
    await next
  }
  const busy = await read(sql)
  const [row] = await sql`
    select count(*)::int as connections from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()`
  await sql.end()
  for (const service of [...apis, indexer]) await service.close()
  const perSecond = (a: Reading, b: Reading) => (b.transactions - a.transactions) / (b.at - a.at)
  return {
    connections: (row?.connections as number) - (count === 0 ? 0 : 2),
    quiet: perSecond(quietFrom, quiet),
    // A block a second.
    perBlock: perSecond(quiet, busy),
    cpuPerBlock: (1000 * (busy.cpu - quiet.cpu)) / BLOCKS,
  }
}

interface Reading {
  at: number
  transactions: number
  /** seconds of all of the server's living processes */
  cpu: number
}

async function read(sql: postgresJs.Sql): Promise<Reading> {
  // The processes of Postgres report their counters with a delay. The counters stop changing once all
  // have reported.
  await sql`select pg_stat_force_next_flush()`
  const [row] = await sql`
    select xact_commit::int as transactions from pg_stat_database where datname = current_database()`
  return { at: performance.now() / 1000, transactions: row?.transactions as number, cpu: await serverCpu() }
}

async function serverCpu(): Promise<number> {
  const server = postgres.pid()
  let ticks = 0
  for (const name of await readdir('/proc')) {
    if (!/^[0-9]+$/.test(name)) continue
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]?.split(' ') as string[]
      if (Number(name) === server || Number(fields[1]) === server)
        ticks += Number(fields[11]) + Number(fields[12])
    } catch {
      // It ended meanwhile.
    }
  }
  return ticks / 100
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
