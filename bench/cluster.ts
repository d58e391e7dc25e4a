import { setTimeout as sleep } from 'node:timers/promises'
import postgresJs from 'postgres'
import type { Role } from '../src/config.ts'
import { startChain } from '../test/helpers/anvil.ts'
import { startPostgres } from '../test/helpers/postgres.ts'
import { processAndChildren } from '../test/helpers/process.ts'
import { type Service, startService } from '../test/helpers/service.ts'
import { cpuSeconds } from './process.ts'

/**
 * `npx tsx bench/cluster.ts`: measures the load of N api processes on one Postgres, for N = 1, 8, 32.
 *
 * Each has its own connections, feed, poll and LISTEN. All run in this process, because 32 processes would
 * measure the machine. First 10 s without a block, then a block with 10 jobs each second for 20 s.
 * Statements are counted as transactions of pg_stat_database. CPU is that of all processes of Postgres. The
 * values of N = 0 are subtracted.
 */
const COUNTS = [0, 1, 8, 32]
const BLOCKS = 20
const JOBS = 10
const QUIET_SECONDS = 10
/** Connections of the indexer, as measured without api processes. */
const INDEXER_CONNECTIONS = 2

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
        connections: row.connections,
        'statements/s quiet': round(row.quiet - none.quiet),
        'statements a block': round(row.perBlock - none.perBlock - (row.quiet - none.quiet)),
        'statements a block, each': round((row.perBlock - none.perBlock - (row.quiet - none.quiet)) / count),
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
  const services: Service[] = []
  const start = async (env: Record<string, string>, role: Role) => {
    const service = await startService(env, role)
    services.push(service)
    return service
  }
  const sql = postgresJs(DATABASE_URL, { max: 1 })
  try {
    const indexer = await start({ ...settings, POLL_INTERVAL_MS: '10000' }, 'indexer')
    for (let i = 0; i < count; i++) await start({ DATABASE_URL, DATABASE_CONNECTIONS: '1' }, 'api')
    await indexer.untilReady()
    await sleep(3_000)
    const quietFrom = await read(sql)
    await sleep(1_000 * QUIET_SECONDS)
    const quiet = await read(sql)
    for (let i = 0; i < BLOCKS; i++) {
      const next = sleep(1_000)
      await chain.createJobs(JOBS, { perTransaction: JOBS })
      await next
    }
    const busy = await read(sql)
    const [row] = await sql`
      select count(*)::int as connections from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    const perSecond = (a: Reading, b: Reading) => (b.transactions - a.transactions) / (b.at - a.at)
    return {
      connections: (row?.connections as number) - (count === 0 ? 0 : INDEXER_CONNECTIONS),
      quiet: perSecond(quietFrom, quiet),
      // A block a second.
      perBlock: perSecond(quiet, busy),
      cpuPerBlock: (1000 * (busy.cpu - quiet.cpu)) / BLOCKS,
    }
  } finally {
    await sql.end()
    for (const service of services) await service.close()
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
  return { at: performance.now() / 1000, transactions: row?.transactions as number, cpu: serverCpu() }
}

/** CPU seconds of all living processes of the server. */
function serverCpu(): number {
  return processAndChildren(postgres.pid())
    .map(cpuSeconds)
    .reduce((a, b) => a + b)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
