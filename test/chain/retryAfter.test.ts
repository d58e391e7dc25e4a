import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import type { Fault } from '../helpers/rpcProxy.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { startIndexing } from '../indexer/indexing.ts'

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

const busy = (retryAfter: string, status = 429): Fault => ({ status, headers: { 'retry-after': retryAfter } })

/** A source with two endpoints, and the clock that it reads. It ends with the test. */
async function openSource() {
  const [first, second] = [await proxyTo(chain), await proxyTo(chain)]
  let time = 0
  let failures = 0
  const source = createRpcSource(
    [first.url, second.url],
    { address: chain.address, topics: jobRegistry.topics },
    { now: () => time, onRequest: (_method, _seconds, error) => void (error && failures++) },
  )
  onTestFinished(() => source.close())
  await source.checkChain(null)
  const advance = (ms: number) => {
    time += ms
  }
  /** Moves the clock forward, and reads the head, twice. */
  async function pass(ms: number) {
    for (const half of [Math.floor(ms / 2), Math.ceil(ms / 2)]) {
      advance(half)
      await source.head(-1)
    }
  }
  const untilFailures = (count: number) =>
    until(() => failures === count, { message: `requests have failed ${count} times` })
  return { source, first, second, advance, pass, untilFailures }
}

it.each([
  ['429', busy('30'), 30_000],
  ['503', busy('30', 503), 30_000],
  ['429 for an hour', busy('3600'), 60_000],
])(
  'each time an endpoint answers Retry-After, it is left alone for that long, at most a minute: %s',
  async (_which, fault, ms) => {
    const { source, first, pass, untilFailures } = await openSource()
    first.fault = () => fault
    await source.head(-1)
    for (const failures of [1, 2, 3]) {
      await untilFailures(failures)
      const asked = first.requests
      await pass(ms - 1)
      expect(first.requests).toBe(asked)
      await pass(1)
    }
    await untilFailures(4)
  },
)

it.each([
  ['30', 30_000],
  ['3600', 60_000],
])('an indexer without another endpoint waits as long as the Retry-After: %s', async (seconds, retryInMs) => {
  const proxy = await proxyTo(chain)
  proxy.fault = () => busy(seconds)
  const { address } = chain
  const { lines } = await startIndexing({
    url: proxy.url,
    address,
    databaseUrl: await createSharedDatabase(),
  })
  const line = await until(() => lines.find((each) => each.includes('will retry')), { message: 'it fails' })
  expect(JSON.parse(line).msg).toContain('HTTP 429')
  // The pause began when the answer was read.
  expect(JSON.parse(line).retryInMs).toSatisfy((ms: number) => ms > retryInMs - 2_000 && ms <= retryInMs)
})

it('an answer to an earlier request does not end a pause', async () => {
  const { source, first, pass } = await openSource()
  let calls = 0
  first.fault = () => (++calls === 1 ? busy('30') : { delayMs: 100 })
  await Promise.all([0, 0, 0].map((block) => source.header(block)))
  first.fault = undefined
  const { requests } = first
  await pass(29_999)
  expect(first.requests).toBe(requests)
  await pass(1)
  await until(() => first.requests > requests, { message: 'it is probed after the pause' })
})

it('if all endpoints asked for a pause, the source says when the first one ends, and asks no other then', async () => {
  const { source, first, second, advance } = await openSource()
  first.fault = () => busy('20')
  await source.head(-1)
  advance(5_000)
  second.fault = () => busy('1')
  for (let retry = 0; retry < 3; retry++) {
    await expect(source.head(-1)).rejects.toThrow('HTTP 429')
    expect(source.pauseMs()).toBe(1_000)
    const { requests } = first
    advance(1_000)
    await expect(source.head(-1)).rejects.toThrow('HTTP 429')
    expect(first.requests).toBe(requests)
  }
  second.fault = () => busy('60')
  advance(1_000)
  await expect(source.head(-1)).rejects.toThrow('HTTP 429')
  // The first endpoint's pause has 20 - 5 - 3 - 1 s left.
  expect(source.pauseMs()).toBe(11_000)
  first.fault = undefined
  advance(11_000)
  await source.head(-1)
})

it.each(['first', 'second'])(
  'an endpoint gets no request during its Retry-After, and does not keep an indexer from another that is soon back: the busy one is the %s',
  async (place) => {
    const [down, busyOne] = [await proxyTo(chain), await proxyTo(chain)]
    const { address } = chain
    const { lines, readProgress } = await startIndexing({
      url: (place === 'first' ? [busyOne.url, down.url] : [down.url, busyOne.url]).join(),
      address,
      databaseUrl: await createSharedDatabase(),
    })
    const untilCurrent = async () => {
      const { number } = await chain.head()
      await until(async () => (await readProgress())?.blockNumber === number, {
        message: 'it is at the head',
      })
    }
    await untilCurrent()
    down.fault = () => ({ drop: true })
    busyOne.fault = () => busy('60')
    const failures = () => lines.filter((each) => each.includes('will retry')).length
    await until(() => failures() === 1, { message: 'it fails' })
    const { requests } = busyOne
    await until(() => failures() === 3, { message: 'it fails again and again' })
    expect(busyOne.requests).toBe(requests)
    down.fault = undefined
    await chain.mine()
    await untilCurrent()
  },
)
