import { sql } from 'drizzle-orm'
import postgres from 'postgres'
import { expect, it, onTestFinished } from 'vitest'
import { startChain } from '../helpers/anvil.ts'
import { startBalancer } from '../helpers/balancer.ts'
import { openStream } from '../helpers/eventStream.ts'
import { repeatTurns } from '../helpers/load.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { openRaw, parseAnswer, type RawConnection } from '../helpers/rawHttp.ts'
import { reader } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { openWriter, type Writer } from '../helpers/writer.ts'

const STREAMS = 1_000

async function serveApi(databaseUrl: string): Promise<JobcastProcess> {
  const jobcast = await startProcess({
    args: ['start', '--only', 'api'],
    env: { DATABASE_URL: databaseUrl, MAX_STREAMS_PER_IP: '5000', RATE_LIMIT: '0' },
  })
  onTestFinished(async () => void (await jobcast.stop()))
  await jobcast.untilAnswers()
  return jobcast
}

async function openStreamOf(url: string, { query = '', headers = '' } = {}): Promise<RawConnection> {
  const connection = await openRaw(url)
  onTestFinished(() => connection.close())
  connection.send(`GET /api/v1/events${query} HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)
  return connection
}

/** Locks the table of jobs until the returned function is called: queries of jobs wait. */
async function holdJobs(databaseUrl: string): Promise<() => Promise<void>> {
  const client = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  onTestFinished(() => client.end())
  await client.unsafe('begin; lock table jobs in access exclusive mode')
  return async () => void (await client.unsafe('commit'))
}

async function untilHeld(writer: Writer): Promise<void> {
  await until(
    async () => {
      const [row] = await writer.run(sql`
        select count(*)::int as n from pg_stat_activity
        where wait_event_type = 'Lock' and datname = current_database()`)
      return row?.n === 1
    },
    { message: 'the request waits for the lock' },
  )
}

it('a signal ends 1,000 streams cleanly with spread reconnection delays, refuses new ones, finishes REST and exits 0', async () => {
  const url = await createSharedDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  await writer.add({})
  const jobcast = await serveApi(url)
  const streams: RawConnection[] = []
  for (let i = 0; i < STREAMS; i++) streams.push(await openStreamOf(jobcast.url, { query: '?clientId=9' }))
  await Promise.all(streams.map((stream) => stream.until('event: connected')))
  // This client does not read the end of its stream, so that draining takes the maximum time.
  const stuck = await openStreamOf(jobcast.url)
  await stuck.until('event: connected')
  stuck.socket.pause()
  for (let i = 0; i < 14; i++) await writer.add(...Array.from({ length: 1_000 }, () => ({})))
  const last = await writer.add({ clientId: '9' })
  await Promise.all(streams.map((stream) => stream.until(`id: ${last}\n`)))

  const release = await holdJobs(url)
  const rest = reader(jobcast.url).get('/api/v1/jobs?limit=1')
  await untilHeld(writer)
  const exit = jobcast.kill('SIGTERM')
  await streams[0]?.untilEnded()

  const late = await openStreamOf(jobcast.url, { headers: 'Accept: text/event-stream\r\n' })
  expect(await late.untilEnded()).toBe('clean')
  expect(parseAnswer(late.received()).body).toMatch(
    /^retry: \d+\nevent: unavailable\ndata: {"reason":"draining","retryAfter":\d+}\n\n$/,
  )

  const retries = await Promise.all(
    streams.map(async (stream) => {
      expect(await stream.untilEnded()).toBe('clean')
      const { body, complete, rest: trailing } = parseAnswer(stream.received())
      expect(complete).toBe(true)
      expect(trailing).toBe('')
      const retry = Number(/\n\nretry: (\d+)\n\n$/.exec(body)?.[1])
      expect(retry).toBeGreaterThanOrEqual(1_000)
      expect(retry).toBeLessThanOrEqual(5_000)
      return retry
    }),
  )
  expect(new Set(retries).size).toBeGreaterThan(STREAMS / 3)

  await release()
  expect((await rest).success).toBe(true)
  expect(await exit).toEqual({ code: 0, signal: null })
})

it('a second signal ends the process at once', async () => {
  const url = await createSharedDatabase()
  const writer = await openWriter(url)
  onTestFinished(() => writer.close())
  const jobcast = await serveApi(url)
  const stream = await openStreamOf(jobcast.url)
  await stream.until('event: connected')
  await holdJobs(url)
  const rest = reader(jobcast.url)
    .get('/api/v1/jobs')
    .catch((error) => error)
  await untilHeld(writer)
  const exit = jobcast.kill('SIGTERM')
  await stream.untilEnded()
  void jobcast.kill('SIGINT')
  expect(await exit).toEqual({ code: 1, signal: null })
  expect(await rest).toBeInstanceOf(Error)
})

it('clients that reconnect by themselves lose no event in a rolling restart of two servers under load', async () => {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const env = {
    DATABASE_URL: await createSharedDatabase(),
    RPC_URL: chain.wsUrl,
    CONTRACT_ADDRESS: chain.address,
    POLL_INTERVAL_MS: '100',
    RATE_LIMIT: '0',
  }
  const start = async (port?: string) => {
    const jobcast = await startProcess({ env: { ...env, ...(port && { PORT: port }) } })
    onTestFinished(async () => void (await jobcast.stop()))
    await jobcast.untilAnswers('/ready')
    return jobcast
  }
  const servers = await Promise.all([start(), start()])
  const balancer = await startBalancer(servers.map(({ url }) => url))
  onTestFinished(() => balancer.stop())

  const streams = Array.from({ length: 20 }, () => openStream(`${balancer.url}/api/v1/events`))
  for (const stream of streams) {
    onTestFinished(() => stream.close())
    await stream.connected
  }
  let created = 0
  const load = repeatTurns(async () => {
    await chain.createJob()
    created++
  })
  onTestFinished(() => load.stop())
  for (const old of servers) {
    const seen = created
    await until(() => created > seen + 5)
    expect(await old.stop()).toEqual({ code: 0, signal: null })
    await start(new URL(old.url).port)
    const reconnects = () => streams.every((stream) => stream.of('connected').length > 1)
    if (old === servers[0]) await until(reconnects, { message: 'all clients are back', timeout: 30_000 })
  }
  await load.stop()

  for (const stream of streams) {
    const jobs = await stream.waitFor(created)
    expect(stream.jobEvents()).toHaveLength(created)
    expect(jobs.map(({ data }) => data.jobId)).toEqual(
      jobs.map((_, i) => String(Number(jobs[0]?.data.jobId) + i)),
    )
    expect(
      stream
        .of('connected')
        .slice(1)
        .every(({ data }) => data.resumed === true),
    ).toBe(true)
  }
}, 120_000)
