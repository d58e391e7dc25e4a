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

/** A source whose first endpoint answers every request with a fault. It ends with the test. */
async function openSource(fault: Fault) {
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
  first.fault = () => fault
  await source.head(-1)
  /** Moves the source's clock forward, and reads the head, twice. */
  async function pass(ms: number) {
    for (const half of [Math.floor(ms / 2), Math.ceil(ms / 2)]) {
      time += half
      await source.head(-1)
    }
  }
  const untilFailures = (count: number) =>
    until(() => failures === count, { message: `the first endpoint has failed ${count} times` })
  return { first, pass, untilFailures }
}

it.each([
  ['429', busy('30'), 30_000],
  ['503', busy('30', 503), 30_000],
  ['429 for an hour', busy('3600'), 60_000],
])(
  'each time an endpoint answers Retry-After, it is left alone for that long, at most a minute: %s',
  async (_which, fault, ms) => {
    const { first, pass, untilFailures } = await openSource(fault)
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
  expect(JSON.parse(line)).toMatchObject({ retryInMs, msg: expect.stringContaining('HTTP 429') })
})

it('an endpoint gets no request during its Retry-After, and does not keep an indexer from another that is soon back', async () => {
  const [down, busyOne] = [await proxyTo(chain), await proxyTo(chain)]
  const { address } = chain
  const { lines, readProgress } = await startIndexing({
    url: `${down.url},${busyOne.url}`,
    address,
    databaseUrl: await createSharedDatabase(),
  })
  const untilCurrent = async () => {
    const { number } = await chain.head()
    await until(async () => (await readProgress())?.blockNumber === number, { message: 'it is at the head' })
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
})
