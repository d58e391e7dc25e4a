import { execFile } from 'node:child_process'
import { createServer } from 'node:http'
import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import getPort from 'get-port'
import { beforeEach, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { startLoad } from '../helpers/load.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type Nginx, startDeployedNginx } from '../helpers/nginx.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

const PATIENT = { timeout: 110_000 }
const SUBSCRIBERS = 500
const script = fileURLToPath(new URL('../../deploy/rolling-upgrade.sh', import.meta.url))

type Name = 'indexer' | 'api1' | 'api2'

// The certificate is nginx's own.
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'

let chain: TestChain
let nginx: Nginx
const processes = new Map<Name, JobcastProcess>()
const starts = new Map<Name, () => Promise<JobcastProcess>>()

beforeEach(async () => {
  chain = await startChain()
  onTestFinished(() => chain.stop())
  const DATABASE_URL = await createSharedDatabase()
  onTestFinished(async () => {
    for (const each of processes.values()) await each.kill('SIGKILL')
    processes.clear()
  })
  for (const name of ['indexer', 'api1', 'api2'] as const) {
    const env = {
      PORT: String(await getPort()),
      DATABASE_URL,
      RATE_LIMIT: '0',
      MAX_STREAMS_PER_IP: '10000',
      TRUST_PROXY: '1',
      ...(name === 'indexer' && {
        RPC_URL: chain.url,
        CONTRACT_ADDRESS: chain.address,
        POLL_INTERVAL_MS: '100',
      }),
    }
    const args = ['start', '--only', name === 'indexer' ? 'indexer' : 'api']
    starts.set(name, () => startProcess({ args, env }))
    await start(name)
    await get(name).untilAnswers('/ready', PATIENT)
  }
  nginx = await startDeployedNginx([get('api1').url, get('api2').url])
  onTestFinished(() => nginx.stop())
})

async function start(name: Name): Promise<void> {
  processes.set(name, await (starts.get(name) as () => Promise<JobcastProcess>)())
}

function get(name: Name): JobcastProcess {
  return processes.get(name) as JobcastProcess
}

async function streamsOf(name: Name): Promise<number> {
  return (await readMetrics(get(name).url))('jobcast_streams')
}

async function subscribe(count: number): Promise<EventStream[]> {
  const streams = Array.from({ length: count }, () => openStream(`${nginx.url}/api/v1/events`))
  onTestFinished(() => {
    for (const stream of streams) stream.close()
  })
  await until(() => streams.every((stream) => stream.of('connected').length > 0), {
    message: 'all are connected',
    ...PATIENT,
  })
  return streams
}

/** Every subscriber has each event of the chain's history once and in order, and holds the chain's jobs. */
async function expectAllComplete(streams: EventStream[]): Promise<void> {
  await chain.createJob()
  const { number } = await chain.head()
  await until(
    () => streams.every((stream) => Number(stream.jobEvents().at(-1)?.data.blockNumber) === number),
    {
      message: 'all have the newest job',
      ...PATIENT,
    },
  )
  const [first] = streams as [EventStream]
  expect(fold(first.jobEvents())).toEqual(await jobsOnChain(chain))
  const ids = first.jobEvents().map((event) => event.id)
  for (const stream of streams) {
    expect(stream.jobEvents().map((event) => event.id)).toEqual(ids)
    expect(
      stream
        .of('connected')
        .map((event) => event.data.resumed)
        .filter((resumed) => resumed === false),
    ).toEqual([])
  }
}

it(`one of two api processes is killed under ${SUBSCRIBERS} subscribers: all continue at the other, and no event is lost or repeated`, async () => {
  const streams = await subscribe(SUBSCRIBERS)
  // Balanced: neither holds much more than its half.
  const [one, two] = [await streamsOf('api1'), await streamsOf('api2')]
  expect(one + two).toBe(SUBSCRIBERS)
  expect(Math.abs(one - two)).toBeLessThanOrEqual(SUBSCRIBERS / 10)
  const load = startLoad(chain, { jobs: 2, everyMs: 500 })
  onTestFinished(() => load.stop())
  await streams[0]?.waitFor(6, PATIENT)
  await get('api1').kill('SIGKILL')
  await until(async () => (await streamsOf('api2')) === SUBSCRIBERS, {
    message: 'all are at the other one',
    ...PATIENT,
  })
  await load.stop()
  await expectAllComplete(streams)
})

it('two api processes and the indexer are replaced one after the other under load, and no subscriber loses an event', async () => {
  const streams = await subscribe(60)
  const load = startLoad(chain, { jobs: 2, everyMs: 300 })
  onTestFinished(() => load.stop())
  await streams[0]?.waitFor(6, PATIENT)
  const before = new Map([...processes].map(([name, each]) => [name, each.pid]))
  const restartNow = async (name: Name) => {
    const exit = await get(name).stop()
    if (exit.code !== 0) throw new Error(`${name} ended with ${JSON.stringify(exit)}`)
    await start(name)
  }
  const control = createServer((request, response) => {
    restartNow(request.url?.slice(1) as Name).then(
      () => response.end(),
      (error) => response.writeHead(500).end(String(error)),
    )
  })
  await new Promise<void>((resolve) => void control.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void control.close())
  const restart = (name: Name) =>
    `curl --silent --show-error --fail-with-body http://127.0.0.1:${(control.address() as AddressInfo).port}/${name}`
  const steps = (['indexer', 'api1', 'api2'] as const).flatMap((name) => [get(name).url, restart(name)])
  const { stdout } = await promisify(execFile)(script, steps)
  expect(stdout.match(/: ready/g)).toHaveLength(3)
  for (const [name, each] of processes) expect(each.pid).not.toBe(before.get(name))
  await load.stop()
  await expectAllComplete(streams)
})

it('while no api process answers, clients receive `unavailable` and retry, and then continue without a gap', async () => {
  const streams = await subscribe(20)
  await chain.createJob()
  for (const stream of streams) await stream.waitFor(1, PATIENT)
  await Promise.all([get('api1').kill('SIGKILL'), get('api2').kill('SIGKILL')])
  await until(() => streams.every((stream) => stream.of('unavailable').length > 0), {
    message: 'all received `unavailable`',
    ...PATIENT,
  })
  expect(streams[0]?.responses.at(-1)).toMatchObject({ status: 200 })
  await start('api1')
  await expectAllComplete(streams)
})

it('a browser gets HTTP/2, the headers of the stream, and each event at once', async () => {
  const client = connect(nginx.url)
  // It ends with the stream open.
  client.on('error', () => {})
  onTestFinished(() => client.destroy())
  const stream = client.request({ ':path': '/api/v1/events', accept: 'text/event-stream' })
  stream.on('error', () => {})
  let body = ''
  stream.setEncoding('utf8').on('data', (text) => {
    body += text
  })
  const headers = await new Promise<Record<string, unknown>>((resolve) => stream.once('response', resolve))
  expect(client.alpnProtocol).toBe('h2')
  expect(headers).toMatchObject({
    ':status': 200,
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
    'access-control-allow-origin': '*',
  })
  await until(() => body.includes('event: connected'), PATIENT)
  const { jobId } = await chain.createJob()
  // No later bytes could flush it from a buffer: the next ping is 30 s away.
  await until(() => body.includes(`"jobId":"${jobId}"`), { timeout: 20_000, message: 'the event came' })
})

it('/metrics cannot be reached, in any spelling', async () => {
  for (const path of ['/metrics', '/metrics/', '/metrics?a', '/metrics/?a'])
    expect((await fetch(nginx.url + path)).status).toBe(404)
  expect((await fetch(`${nginx.url}/api/v1/jobs`)).status).toBe(200)
})
