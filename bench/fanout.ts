import postgres from 'postgres'
import { NOTIFY, PAYLOAD } from '../src/store/notifications.ts'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { startChild } from './child.ts'
import { clock } from './clock.ts'
import { fillDatabase } from './fill.ts'
import type { RequestLoad, RequestTimes } from './load/requests.ts'
import type { StreamLoad } from './load/streams.ts'
import { cpuSeconds, measurableMemory, pinToCore, startJobcast } from './process.ts'
import { quantile } from './quantile.ts'
import type { Bench, Figure } from './report.ts'

const FLOOR_CHANNEL = 'floor'

/**
 * 100 different filters that all match every event of this bench, so that the number of deliveries stays
 * the same.
 */
const FILTERS = Array.from({ length: 100 }, (_, i) => `?minBudget=${i + 1}`)

/** Measures the delivery of one event to many streams. */
export const fanout: Bench = {
  name: 'fanout',
  about:
    'the time of one event from its commit in Postgres to its receipt at each of N streams; the server’s CPU per delivery; REST latency at the same time',
  leavesOut:
    'the indexer (the server runs `start --only api`, and the bench commits the events), TLS and networks; the server has a core, the clients have another',
  async run({ quick }) {
    const pg = await startPostgres()
    try {
      const figures: Figure[] = []
      for (const streams of quick ? [1_000] : [1_000, 10_000])
        for (const queries of [[''], FILTERS]) figures.push(...(await fanoutTo(pg, streams, queries, quick)))
      return figures
    } finally {
      await pg.stop()
    }
  },
}

/** A server under test, and the functions that open its streams and commit an event to it. */
export interface Side {
  pid: number
  url: string
  load: ReturnType<typeof startChild>
  openStreams(streams: number, queries?: string[]): Promise<void>
  /** commits one event */
  commit(): Promise<void>
  /** the server's memory after a garbage collection */
  memory(): Promise<NodeJS.MemoryUsage>
  end(): Promise<void>
}

async function fanoutTo(
  pg: TestPostgres,
  streams: number,
  queries: string[],
  quick: boolean,
): Promise<Figure[]> {
  const measured = await measureFanout(pg, streams, queries, {
    events: Math.max(8, (quick ? 10_000 : 120_000) / streams),
    // The tail of few streams varies most from pair to pair, so it needs the most pairs.
    rounds: quick ? 2 : streams > 1_000 ? 9 : 15,
    withRest: streams >= 10_000 && queries.length === 1,
  })
  const filters = queries.length > 1 ? `, ${queries.length} filters` : ''
  const figure = (
    what: string,
    unit: string,
    of: (round: Round) => number,
    goal?: Figure['goal'],
  ): Figure => ({
    what: `${what}, ${streams.toLocaleString('en-US')} streams${filters}`,
    unit,
    jobcast: measured.jobcast.map(of),
    floor: { name: 'bare server', values: measured.floor.map(of) },
    ...(goal && { goal }),
  })
  return [
    figure('deliveries', '1/s', (r) => (r.times.length * 1000) / r.ms),
    figure('CPU', 's per 1M deliveries', (r) => (r.cpu * 1e6) / r.times.length, { atMost: 1.15 }),
    figure('commit → receipt p50', 'ms', (r) => quantile(r.times, 0.5)),
    figure('commit → receipt p99', 'ms', (r) => quantile(r.times, 0.99), { atMost: 1.2 }),
    ...measured.rest,
  ]
}

/**
 * Rounds measured with one pair of processes. Further rounds start new processes, because the layout of memory
 * affects the result as much as the code does.
 */
const ROUNDS_OF_A_PAIR = 3

/**
 * After this many events V8 has also optimised the code that runs once per event, as in a server that has run
 * for days. Few streams are enough: only the number of events matters.
 */
const WARM_UP = { streams: 100, events: 1_000 }

/** Measures rounds of events to `streams` streams, alternately of the floor and of Jobcast. */
export async function measureFanout(
  pg: TestPostgres,
  streams: number,
  queries: string[],
  {
    events,
    rounds,
    withFloor = true,
    withRest = false,
  }: { events: number; rounds: number; withFloor?: boolean; withRest?: boolean },
): Promise<{ floor: Round[]; jobcast: Round[]; rest: Figure[] }> {
  const databaseUrl = await pg.createDatabase()
  await fillDatabase(databaseUrl, 10_000)
  const measured = { floor: [] as Round[], jobcast: [] as Round[], rest: [] as Figure[] }
  while (measured.jobcast.length < rounds) {
    const sides: Side[] = []
    try {
      const floor = withFloor ? await openFloor(databaseUrl) : undefined
      if (floor) sides.push(floor)
      const jobcast = await openJobcast(databaseUrl)
      sides.push(jobcast)
      for (const side of sides) {
        // Otherwise the scheduler moves the two processes between cores, and the kernel's share of a write
        // differs by a third from pair to pair.
        pinToCore(side.pid, 0)
        pinToCore(side.load.pid, 1)
        await side.openStreams(WARM_UP.streams, queries)
        await round(side, WARM_UP.streams, WARM_UP.events)
        await side.openStreams(streams - WARM_UP.streams, queries)
        await round(side, streams, events)
      }
      const end = Math.min(rounds, measured.jobcast.length + ROUNDS_OF_A_PAIR)
      while (measured.jobcast.length < end) {
        if (floor) measured.floor.push(await round(floor, streams, events))
        measured.jobcast.push(await round(jobcast, streams, events))
      }
      if (withRest && end === rounds) measured.rest = await restDuringFanout(jobcast, streams)
    } finally {
      for (const side of sides) await side.end()
    }
  }
  return measured
}

interface Round {
  /** milliseconds of each delivery, from commit to receipt */
  times: number[]
  /** duration of the round */
  ms: number
  /** CPU seconds of the server */
  cpu: number
}

/** Commits events one after the other. The next one is committed when all streams have received the last. */
async function round(side: Side, streams: number, events: number): Promise<Round> {
  const times: number[] = []
  const cpu = cpuSeconds(side.pid)
  const start = clock()
  for (let event = 0; event < events; event++) {
    await side.load.ask('arm', streams)
    await side.commit()
    const committed = clock()
    for (const at of await side.load.ask<number[]>('receipts')) times.push(Math.max(0, at - committed))
  }
  return { times, ms: clock() - start, cpu: cpuSeconds(side.pid) - cpu }
}

async function restDuringFanout(jobcast: Side, streams: number): Promise<Figure[]> {
  const requests = startChild('load/requests.ts')
  try {
    const p99 = async () => {
      const load: RequestLoad = {
        urls: [`${jobcast.url}/api/v1/jobs`],
        connections: 4,
        ms: 3_000,
        pauseMs: 10,
      }
      return quantile((await requests.ask<RequestTimes>('run', load)).times, 0.99)
    }
    await p99()
    const quiet: number[] = []
    const during: number[] = []
    for (let i = 0; i < 4; i++) {
      quiet.push(await p99())
      let done = false
      const asking = p99().finally(() => {
        done = true
      })
      while (!done) await round(jobcast, streams, 1)
      during.push(await asking)
    }
    return [
      {
        what: `REST p99 during fan-out to ${streams.toLocaleString('en-US')}`,
        unit: 'ms',
        jobcast: during,
        floor: { name: 'quiet', values: quiet },
        goal: { atMost: 3 },
      },
    ]
  } finally {
    await requests.end()
  }
}

export async function openFloor(databaseUrl: string): Promise<Side> {
  const memory = await measurableMemory()
  const server = startChild('floors/streams.ts', { env: memory.env })
  const load = startChild('load/streams.ts')
  const sql = postgres(databaseUrl, { max: 1 })
  const end = async () => {
    await Promise.all([server.end(), load.end(), sql.end(), memory.remove()])
  }
  try {
    const url = await server.ask<string>('start', { databaseUrl, channel: FLOOR_CHANNEL })
    const [entry] = await sql`select data from feed order by id limit 1`
    return {
      pid: server.pid,
      url,
      load,
      openStreams: (streams: number) => load.ask('open', { url, streams } satisfies StreamLoad),
      async commit() {
        await sql`select pg_notify(${FLOOR_CHANNEL}, ${entry?.data})`
      },
      memory: () => memory.read(server.pid),
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}

export async function openJobcast(databaseUrl: string): Promise<Side> {
  const memory = await measurableMemory()
  const jobcast = await startJobcast({ DATABASE_URL: databaseUrl, ...memory.env }, ['start', '--only', 'api'])
  const load = startChild('load/streams.ts')
  const sql = postgres(databaseUrl, { max: 1 })
  const end = async () => {
    await Promise.all([jobcast.stop(), load.end(), sql.end(), memory.remove()])
  }
  try {
    await jobcast.untilAnswers()
    const url = `${jobcast.url}/api/v1/events`
    return {
      pid: jobcast.pid,
      url: jobcast.url,
      load,
      openStreams: (streams, queries = ['']) =>
        load.ask('open', { url, streams, queries } satisfies StreamLoad),
      async commit() {
        await sql`
          with moved as (update cursor set revision = revision + 1, last_id = last_id + 1 returning last_id, ${sql.unsafe(PAYLOAD)} as payload),
            entry as (
              insert into feed (id, type, data)
              select last_id, 'job_created', (select data from feed order by id limit 1) from moved)
          select ${sql.unsafe(NOTIFY)} from moved`
      },
      memory: () => memory.read(jobcast.pid),
      end,
    }
  } catch (error) {
    await end()
    throw error
  }
}
