import { setTimeout as sleep } from 'node:timers/promises'
import getPort from 'get-port'
import postgres from 'postgres'
import type { Job } from '../../src/contract/job.ts'
import { startChain } from '../helpers/anvil.ts'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { createRandom } from '../helpers/random.ts'
import { reader } from '../helpers/service.ts'
import { until } from '../helpers/until.ts'
import { startRandomLoad } from './randomLoad.ts'

interface KillReport {
  rounds: number
  jobs: number
  reorgs: number
  created: number
  updated: number
  removed: number
}

/**
 * Kills two processes of Jobcast on one Postgres (SIGKILL) at random moments, during jobs, changes and
 * reorgs. After each kill the store must be consistent: the folded feed equals the jobs. In the end both must
 * equal the jobs of the chain, and a subscriber that reconnected after each kill must have received each
 * event once.
 * @throws Error if this does not hold
 */
export async function runKillRounds({
  rounds,
  seed,
  onRound = () => {},
}: {
  rounds: number
  seed: number
  onRound?: (round: number) => void
}): Promise<KillReport> {
  const random = createRandom(seed)
  const [chain, server] = await Promise.all([startChain(), startPostgres()])
  // Blocks above the contract, so that no reorg removes it.
  await chain.mine(20)
  const databaseUrl = await server.createDatabase()
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  const ports = [await getPort(), await getPort()] as const
  const running: (JobcastProcess | undefined)[] = []
  const start = async (which: 0 | 1) => {
    const process = await startProcess({
      env: {
        PORT: String(ports[which]),
        // One process polls, the other subscribes to new heads.
        RPC_URL: which === 0 ? chain.url : chain.wsUrl,
        CONTRACT_ADDRESS: chain.address,
        DATABASE_URL: databaseUrl,
        POLL_INTERVAL_MS: '20',
        MAX_LAG_SECONDS: '3600',
        RATE_LIMIT: '0',
        LOG_LEVEL: 'debug',
      },
    })
    running[which] = process
  }
  const subscriber = createSubscriber()
  let load: ReturnType<typeof startRandomLoad> | undefined
  try {
    await Promise.all([start(0), start(1)])
    await Promise.all(running.map((process) => process?.untilAnswers('/ready')))
    await subscriber.follow(`http://127.0.0.1:${ports[0]}`)
    // The load begins last: the subscriber must get every job, and jobs of the first sync are not fed.
    load = startRandomLoad(chain, createRandom(seed + 1))
    for (let round = 1; round <= rounds; round++) {
      await sleep(random.below(700))
      const which = random.below(2) as 0 | 1
      await running[which]?.kill('SIGKILL')
      // The other process may be in the middle of a step, but a statement sees only complete steps.
      await assertWhole(sql)
      // Sometimes both are down while the chain continues.
      if (random.chance(0.3)) {
        const other = (1 - which) as 0 | 1
        await running[other]?.kill('SIGKILL')
        await assertWhole(sql)
        await sleep(random.below(300))
        await start(other)
      }
      await start(which)
      const next = random.below(2) as 0 | 1
      await running[next]?.untilAnswers('/health')
      // The next kill should hit a process that indexes, not one that starts.
      const { number } = await chain.head()
      const url = `http://127.0.0.1:${ports[next]}`
      const indexed = async () => Number((await reader(url).get('/api/v1/stats')).data.blockNumber)
      await until(async () => (await indexed()) >= number, { message: 'the process indexes again' })
      await subscriber.follow(url)
      onRound(round)
    }
    await load.stop()
    await chain.mine()
    const wanted = await jobsOnChain(chain)
    const api = reader(`http://127.0.0.1:${ports[0]}`)
    await running[0]?.untilAnswers('/health')
    await until(async () => isSame(await api.history(), wanted), { message: 'history = chain' })
    await assertWhole(sql)
    await until(() => isSame(subscriber.held(), wanted), { message: 'the subscriber holds the chain' })
    subscriber.assertExact(await sql<FeedRow[]>`select id, type from feed where type <> 'jump' order by id`)
    return { rounds, jobs: wanted.length, reorgs: load.reorgs(), ...subscriber.counts() }
  } finally {
    // An error above takes precedence over one of the load.
    await load?.stop().catch(() => {})
    subscriber.close()
    await Promise.all(running.map((process) => process?.kill('SIGKILL')))
    await sql.end()
    await Promise.all([chain.stop(), server.stop()])
  }
}

function isSame(a: Job[], b: Job[]): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/**
 * Checks the store at one moment: the ids have no gap, the folded feed equals the jobs, and the totals count
 * the jobs.
 */
async function assertWhole(sql: postgres.Sql): Promise<void> {
  const [row] = await sql`
    select
      (select coalesce(json_agg(data order by block_number, log_index), '[]') from jobs) as jobs,
      (select coalesce(json_agg(json_build_object('id', id, 'type', type, 'data', data::json) order by id), '[]') from feed) as feed,
      (select coalesce(json_object_agg(kind, jobs), '{}') from totals where jobs <> 0) as totals,
      (select last_id from cursor) as last_id`
  const { jobs, feed, totals, last_id } = row as unknown as Store
  if (!isSame(fold(feed.filter(({ type }) => type !== 'jump')), jobs))
    throw new Error(`the feed of ${feed.length} entries does not fold to the ${jobs.length} jobs`)
  // The data of a jump is the last id before it.
  const previousId = ({ id, type, data }: (typeof feed)[number]) =>
    Number(type === 'jump' ? data : Number(id) - 1)
  const whole = feed.every((entry, i) => i === 0 || previousId(entry) === Number(feed[i - 1]?.id))
  if (!whole || (feed.length > 0 && Number(last_id) !== Number(feed.at(-1)?.id)))
    throw new Error('the feed has a gap')
  for (const { status, strategyType, verificationLevel } of jobs) {
    const key = JSON.stringify({ status, strategyType, verificationLevel })
    totals[key] = (totals[key] ?? 0) - 1
  }
  if (Object.values(totals).some((jobs) => jobs !== 0)) throw new Error('the totals do not count the jobs')
}

interface Store {
  jobs: Job[]
  feed: EventStream['events']
  totals: Record<string, number>
  last_id: string
}

interface FeedRow {
  id: string
  type: string
}

/** One subscriber over several connections to either process. Each connection resumes after the last id. */
function createSubscriber() {
  const past: EventStream['events'] = []
  let stream: EventStream | undefined
  const events = () => [...past, ...(stream?.events ?? [])]
  const jobEvents = () => events().filter(({ type }) => type.startsWith('job_'))
  const count = (wanted: string) => jobEvents().filter(({ type }) => type === wanted).length
  return {
    async follow(url: string) {
      stream?.close()
      past.push(...(stream?.events ?? []))
      stream = undefined
      const last = past.at(-1)?.id
      stream = openStream(`${url}/api/v1/events`, last === undefined ? {} : { lastEventId: last })
      const { data } = await stream.connected
      if (data.resumed !== (last === undefined ? null : true))
        throw new Error(`resumed is ${data.resumed} after ${last}`)
    },
    held: (): Job[] => fold(jobEvents()),
    /** Throws unless it has received every event of the feed once, in order. */
    assertExact(feed: Iterable<FeedRow>) {
      const lines = (events: Iterable<FeedRow>) => Array.from(events, ({ id, type }) => `${id} ${type}`)
      if (String(lines(jobEvents())) !== String(lines(feed)))
        throw new Error('the subscriber lost an event or received one twice')
    },
    counts: () => ({
      created: count('job_created'),
      updated: count('job_updated'),
      removed: count('job_removed'),
    }),
    close: () => stream?.close(),
  }
}
