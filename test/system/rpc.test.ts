import { afterAll, beforeAll, expect, it } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { readMetrics } from '../helpers/metrics.ts'
import type { Fault, FaultRule } from '../helpers/rpcProxy.ts'
import { proxyTo, serveChain, untilSameAsChain } from '../helpers/serveChain.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'

/** Answers of different providers to a block range that is too large. */
const TOO_LARGE: Fault[] = [
  { error: { code: -32005, message: 'query returned more than 10000 results' } },
  {
    error: {
      code: -32602,
      message: 'Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range',
    },
  },
  { error: { code: -32600, message: 'You can make eth_getLogs requests with up to a 10 block range' } },
  { error: { code: -32614, message: 'eth_getLogs is limited to a 10,000 range' } },
  { error: { code: -32000, message: 'block range is too wide' } },
  {
    error: {
      code: -32701,
      message:
        'Please specify an address in your request or, to remove restrictions, order a dedicated full node',
    },
  },
  { error: { code: -32012, message: 'requested too many blocks from 1 to 90, maximum is set to 8' } },
  { status: 400, body: '{"jsonrpc":"2.0","id":1,"error":{"code":-32600,"message":"range over limit"}}' },
  { status: 413, body: 'Request Entity Too Large', headers: { 'content-type': 'text/plain' } },
  { status: 504, body: '<html>Gateway Time-out</html>', headers: { 'content-type': 'text/html' } },
]
/** Some gateways end the connection instead. */
const TOO_LARGE_OR_BROKEN: Fault[] = [...TOO_LARGE, { drop: true }]

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(60, { perTransaction: 1 })
  await chain.mine(80)
})
afterAll(() => chain.stop())

const serve = (rpcUrl: string) => serveChain({ chain, rpcUrl }, { KEEPALIVE_SECONDS: '1' })

/** Applies a fault to the matching calls of the first `times` requests that have one. */
function atFirst(times: number, fault: Fault, on: (method: string) => boolean = () => true): FaultRule {
  let requests = 0
  let latest: unknown
  return (method, _params, body) => {
    if (!on(method)) return undefined
    if (body !== latest) requests++
    latest = body
    return requests <= times ? fault : undefined
  }
}

/** A row of a test for each fault, with its name. */
const named = (faults: Fault[]) =>
  faults.map((fault) => {
    const { drop, error, status } = fault
    return [drop ? 'the connection ends' : (error?.message ?? `status ${status}`), fault] as const
  })

it.each(named(TOO_LARGE_OR_BROKEN))(
  'a first sync adapts to the range that a provider allows: %s',
  async (_words, fault) => {
    const proxy = await proxyTo(chain)
    proxy.fault = (method, params) => {
      const { fromBlock, toBlock } = (params[0] ?? {}) as { fromBlock?: string; toBlock?: string }
      if (method !== 'eth_getLogs' || fromBlock === undefined) return undefined
      return Number(toBlock) - Number(fromBlock) < 8 ? undefined : fault
    }
    await untilSameAsChain(await serve(proxy.url), chain)
    expect(proxy.injected).toBeGreaterThan(0)
  },
)

it.each(named(TOO_LARGE))(
  'blocks near the head are read one by one if a range is refused: %s',
  async (_words, fault) => {
    const proxy = await proxyTo(chain)
    let refused = 0
    // Without a finalized block, the whole chain counts as near the head.
    proxy.fault = (method, params) => {
      if (params[0] === 'finalized') return { error: { code: -32602, message: 'unknown block' } }
      if (method !== 'eth_getLogs' || !('fromBlock' in (params[0] as object))) return undefined
      refused++
      return fault
    }
    await untilSameAsChain(await serve(proxy.url), chain)
    expect(refused).toBeGreaterThan(0)
  },
)

/** Refuses the HTTP requests of the last second beyond a number. */
function limitedTo(requestsPerSecond: number): FaultRule {
  let latest: unknown
  let allowed = true
  let times: number[] = []
  return (_method, _params, body) => {
    if (body !== latest) {
      latest = body
      times = times.filter((time) => time > performance.now() - 1_000)
      allowed = times.length < requestsPerSecond
      if (allowed) times.push(performance.now())
    }
    return allowed ? undefined : { status: 429 }
  }
}

it('blocks near the head are indexed with an RPC that allows 20 requests a second', async () => {
  const proxy = await proxyTo(chain)
  const limit = limitedTo(20)
  // Without a finalized block, the whole chain counts as near the head.
  proxy.fault = (method, params, body) =>
    limit(method, params, body) ??
    (params[0] === 'finalized' ? { error: { code: -32602, message: 'unknown block' } } : undefined)
  await untilSameAsChain(await serve(proxy.url), chain)
  expect(proxy.injected).toBeGreaterThan(0)
})

it('a range whose logs have no timestamps is indexed with an RPC that allows 20 requests a second', async () => {
  const proxy = await proxyTo(chain)
  const limit = limitedTo(20)
  const withoutTimestamps = (logs: unknown) =>
    (logs as object[]).map((log) => ({ ...log, blockTimestamp: undefined }))
  proxy.fault = (method, params, body) =>
    limit(method, params, body) ?? (method === 'eth_getLogs' ? { mutate: withoutTimestamps } : undefined)
  await untilSameAsChain(await serve(proxy.url), chain)
  expect(proxy.injected).toBeGreaterThan(0)
})

it('a batch has at most three calls, because some endpoints allow no more', async () => {
  const proxy = await proxyTo(chain)
  let largest = 0
  proxy.fault = (_method, _params, body) => {
    if (Array.isArray(body)) largest = Math.max(largest, body.length)
    return undefined
  }
  await untilSameAsChain(await serve(proxy.url), chain)
  expect(largest).toBe(3)
})

it('after an answer over 10 MiB, smaller ranges are requested', async () => {
  const proxy = await proxyTo(chain)
  proxy.fault = (method, params) => {
    const { fromBlock, toBlock } = (params[0] ?? {}) as { fromBlock?: string; toBlock?: string }
    if (method !== 'eth_getLogs' || fromBlock === undefined) return undefined
    if (Number(toBlock) - Number(fromBlock) < 20) return undefined
    return { mutate: () => ['x'.repeat(11 * 2 ** 20)] }
  }
  await untilSameAsChain(await serve(proxy.url), chain)
  expect(proxy.injected).toBeGreaterThan(0)
})

it('each job reaches the stream once, in order, during every temporary fault of the RPC', async () => {
  const proxy = await proxyTo(chain)
  const service = await serve(proxy.url)
  await service.untilReady()
  const before = (await jobsOnChain(chain)).length
  const stream = subscribe(service)
  await stream.connected
  const faults: Record<string, FaultRule> = {
    'Retry-After': atFirst(3, { status: 429, headers: { 'retry-after': '1' }, body: 'slow down' }),
    'a limit as a JSON-RPC error': atFirst(3, { error: { code: -32005, message: 'rate limit exceeded' } }),
    'status 500': atFirst(2, { status: 500 }),
    'status 502': atFirst(2, { status: 502, body: '<html>' }),
    'status 503': atFirst(2, { status: 503 }),
    'HTML instead of JSON': atFirst(3, { status: 200, body: '<html>Welcome</html>' }),
    'half an answer': atFirst(3, { body: '[{"jsonrpc":"2.0","id":1,"result":{"number"' }),
    'connections that break': atFirst(3, { drop: true }),
    'null for a block that exists': atFirst(
      4,
      { mutate: () => null },
      (method) => method === 'eth_getBlockByNumber',
    ),
    'null instead of a list of logs': atFirst(
      2,
      { mutate: () => null },
      (method) => method === 'eth_getLogs',
    ),
    'logs duplicated and in reverse order': (method) =>
      method === 'eth_getLogs'
        ? { mutate: (logs) => [...(logs as object[]), ...(logs as object[])].reverse() }
        : undefined,
    'logs that a reorg removed': (method) =>
      method === 'eth_getLogs'
        ? {
            mutate: (logs) => [
              ...(logs as object[]).map((log) => ({ ...log, removed: true, logIndex: '0x9' })),
              ...(logs as object[]),
            ],
          }
        : undefined,
    'logs without blockTimestamp': (method) =>
      method === 'eth_getLogs'
        ? { mutate: (logs) => (logs as object[]).map((log) => ({ ...log, blockTimestamp: undefined })) }
        : undefined,
    'a log index that lags: no logs of the contract for a known block': (method, params) =>
      method === 'eth_getLogs' && (params[0] as { address?: string }).address
        ? { mutate: () => [] }
        : undefined,
    'a log index that lags: no logs at all for a while': atFirst(
      5,
      { mutate: () => [] },
      (method) => method === 'eth_getLogs',
    ),
  }
  for (const [name, fault] of Object.entries(faults)) {
    const { injected } = proxy
    proxy.fault = fault
    await chain.createJob()
    await chain.createJobs(2, { perTransaction: 2 })
    await chain.createJob()
    const wanted = await jobsOnChain(chain)
    await until(() => stream.of('job_created').length >= wanted.length - before, { message: name })
    expect(fold(stream.jobEvents()), name).toEqual(wanted.slice(before))
    expect(proxy.injected, name).toBeGreaterThan(injected)
  }
  proxy.fault = undefined
  await untilSameAsChain(service, chain)
  expect(stream.responses).toHaveLength(1)
})

it('if a WebSocket subscription falls silent, polling finds new blocks, and a cut WebSocket is opened again', async () => {
  const proxy = await proxyTo(chain)
  const service = await serve(proxy.wsUrl)
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  proxy.fault = (method) => (method === 'eth_subscription' ? { drop: true } : undefined)
  await chain.createJob()
  await stream.waitFor(1)
  expect(proxy.injected).toBeGreaterThan(0)
  proxy.cut()
  await chain.createJob()
  await stream.waitFor(2)
  await untilSameAsChain(service, chain)
})

it('the second RPC is used only while the first is down', async () => {
  const [first, second] = [await proxyTo(chain), await proxyTo(chain)]
  const service = await serve(`${first.url},${second.url}`)
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  await first.down('refuse')
  await chain.createJob()
  await stream.waitFor(1)
  await first.up()
  const asked = first.requests
  await until(() => first.requests > asked + 5, { message: 'the first is asked again' })
  const spared = second.requests
  await chain.createJob()
  await stream.waitFor(2)
  expect(second.requests).toBe(spared)
})

it('malformed logs, unknown values, repeated ids and absurd times neither stop the indexer nor lose a job', async () => {
  const proxy = await proxyTo(chain)
  const service = await serve(proxy.url)
  await service.untilReady()
  const stream = subscribe(service)
  await stream.connected
  const before = (await service.history()).length
  const word = (value: number) => value.toString(16).padStart(64, '0')
  proxy.fault = (method) => {
    if (method === 'eth_getBlockByNumber')
      return { mutate: (block) => block && { ...(block as object), timestamp: '0xffffffffffffffff' } }
    if (method !== 'eth_getLogs') return undefined
    return {
      mutate: (answer) =>
        (answer as { data: string; topics: string[] }[]).map((log, i, all) => {
          if (i === 0) return { ...log, data: log.data.slice(0, 100) }
          if (i === 1) return { ...log, topics: log.topics.slice(0, 2) }
          if (i === 2) return { ...log, data: `0x${word(200)}${log.data.slice(66)}` }
          if (i === 3) return { ...log, topics: [log.topics[0], all[2]?.topics[1], `0x${'f'.repeat(64)}`] }
          return log
        }),
    }
  }
  await chain.createJobs(5, { perTransaction: 5 })
  await stream.waitFor(3)
  proxy.fault = undefined
  await chain.createJob()
  await stream.waitFor(4)
  const jobs = (await service.history()).slice(before)
  expect(jobs.map((job) => job.strategyType)[0]).toBe('UNKNOWN_200')
  expect(jobs).toHaveLength(4)
  expect(jobs[1]).toMatchObject({ jobId: jobs[0]?.jobId, clientId: (2n ** 256n - 1n).toString() })
  expect(jobs[2]?.onchainCreatedAt).toBe((2n ** 64n - 1n).toString())
  expect(stream.of('job_created').map(({ data }) => data)).toEqual(jobs)
  const metric = await readMetrics(service.url)
  expect(metric('jobcast_unapplied_logs_total{cause="malformed"}')).toBe(2)
})
