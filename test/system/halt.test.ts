import { describe, expect, it } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import { jobsOnChain } from '../helpers/fold.ts'
import { type RpcProxy, startRpcProxy } from '../helpers/rpcProxy.ts'
import { untilSameAsChain } from '../helpers/serveChain.ts'
import { type Service, startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

interface Chains {
  chain: TestChain
  /** another chain with the same chain id */
  stranger: TestChain
  first: RpcProxy
  second: RpcProxy
}

/**
 * Runs a test with chains of its own, so that tests can run at the same time. They are slow, because a halted
 * indexer checks again only after 15 s.
 */
async function withChains(run: (chains: Chains) => Promise<void>): Promise<void> {
  const [chain, stranger] = await Promise.all([
    startChain(),
    // Its genesis block differs even if both chains start in the same second.
    startChain({ args: ['--timestamp', '1700000000'] }),
  ])
  const [first, second] = await Promise.all([startRpcProxy(chain.url), startRpcProxy(chain.url)])
  try {
    await chain.createJobs(5, { perTransaction: 1 })
    await chain.mine(120)
    await run({ chain, stranger, first, second })
  } finally {
    await Promise.all([first.stop(), second.stop(), chain.stop(), stranger.stop()])
  }
}

async function serving(
  chain: TestChain,
  env: Record<string, string>,
  run: (service: Service, stream: EventStream) => Promise<void>,
): Promise<void> {
  const service = await startService({
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await createSharedDatabase(),
    KEEPALIVE_SECONDS: '1',
    MAX_LAG_SECONDS: '3600',
    ...env,
  })
  const stream = openStream(`${service.url}/api/v1/events`)
  try {
    await stream.connected
    await run(service, stream)
  } finally {
    stream.close()
    await service.close()
  }
}

async function expectHalted(service: Service, reason: RegExp): Promise<void> {
  const ready = () => fetch(`${service.url}/ready`)
  await until(async () => reason.test((await (await ready()).json()).reason ?? ''), {
    message: `not ready: ${reason}`,
  })
  expect((await ready()).status).toBe(503)
  expect((await fetch(`${service.url}/health`)).status).toBe(200)
}

describe.concurrent('the indexer halts, /ready has the reason, and API and streams stay up', () => {
  it.each([
    ['shorter', 0],
    ['longer', 300],
  ])(
    'if a restarted devnet with a %s chain is behind the same URL; it continues when the right chain is back',
    (_name, blocks) =>
      withChains(async ({ chain, stranger, first }) => {
        await serving(chain, { RPC_URL: first.url }, async (service, stream) => {
          await service.untilReady()
          await untilSameAsChain(service, chain)
          if (blocks > 0) await stranger.mine(blocks)
          first.target = stranger.url
          await stranger.createJobs(3, { perTransaction: 1 })
          await expectHaltedAndWhole(service, stream, chain)

          first.target = chain.url
          await expectIndexing(service, stream, chain)
        })
      }),
  )

  it('if it falls back to a second RPC that is on another chain; it continues when both are on the right one', () =>
    withChains(async ({ chain, stranger, first, second }) => {
      await serving(chain, { RPC_URL: `${first.url},${second.url}` }, async (service, stream) => {
        await service.untilReady()
        await untilSameAsChain(service, chain)
        await first.down('refuse')
        second.target = stranger.url
        await stranger.mine(300)
        await expectHaltedAndWhole(service, stream, chain)

        second.target = chain.url
        await first.up()
        await expectIndexing(service, stream, chain)
      })
    }))

  it('if the second RPC is on another chain from the start', () =>
    withChains(async ({ chain, stranger, first, second }) => {
      second.target = stranger.url
      await serving(chain, { RPC_URL: `${first.url},${second.url}` }, async (service) => {
        await expectHalted(service, /another chain of the same id/)
        expect(await service.history()).toEqual([])
      })
    }))

  it('if the second RPC was down at the start, comes up on another chain, and is then needed', () =>
    withChains(async ({ chain, stranger, first, second }) => {
      await second.down('refuse')
      await serving(chain, { RPC_URL: `${first.url},${second.url}` }, async (service, stream) => {
        await service.untilReady()
        await untilSameAsChain(service, chain)
        second.target = stranger.url
        await stranger.mine(300)
        await second.up()
        await first.down('refuse')
        await expectHaltedAndWhole(service, stream, chain)
      })
    }))

  it('if there is no contract at the address', () =>
    withChains(async ({ chain, first }) => {
      const env = { RPC_URL: first.url, CONTRACT_ADDRESS: `0x${'12'.repeat(20)}` }
      await serving(chain, env, async (service) => {
        await expectHalted(service, /no contract at 0x1212/)
        expect(await service.history()).toEqual([])
      })
    }))

  it('if a reorg goes below the finalized block; no job is removed', () =>
    withChains(async ({ chain, first }) => {
      const snapshot = await chain.snapshot()
      await chain.mine(200)
      await chain.createJob()
      await serving(chain, { RPC_URL: first.url }, async (service, stream) => {
        await service.untilReady()
        const indexed = await service.history()
        await chain.revert(snapshot)
        await chain.rpc('anvil_mine', ['0x12c', '0x7'])
        await expectHalted(service, /reorganized below block.*jobcast reset/)
        expect(await service.history()).toEqual(indexed)
        expect(stream.jobEvents()).toEqual([])
      })
    }))
})

/**
 * A bloom that matches without a log of the contract usually has its bits from other logs of the block. Here
 * the blocks have no logs.
 */
it('two blocks whose blooms match no log of any endpoint do not stop the indexer for good, even if the second RPC is down', () =>
  withChains(async ({ chain, first, second }) => {
    await serving(chain, { RPC_URL: `${first.url},${second.url}` }, async (service, stream) => {
      await service.untilReady()
      await second.down('refuse')
      const [job] = await service.history()
      const { logsBloom } = await chain.rpc<{ logsBloom: string }>('eth_getBlockByNumber', [
        `0x${BigInt(job?.blockNumber ?? 0).toString(16)}`,
        false,
      ])
      first.fault = (method) =>
        method === 'eth_getBlockByNumber'
          ? { mutate: (block) => block && { ...(block as object), logsBloom } }
          : undefined
      await chain.mine(2)
      await chain.createJob()
      await stream.waitFor(1, { timeout: 80_000 })
    })
  }))

async function expectHaltedAndWhole(service: Service, stream: EventStream, chain: TestChain): Promise<void> {
  await expectHalted(service, /another chain of the same id.*jobcast reset/)
  const pings = stream.of('ping').length
  await until(() => stream.of('ping').length > pings, { message: 'the stream still pings' })
  expect(await service.history()).toEqual(await jobsOnChain(chain))
  expect(stream.jobEvents()).toEqual([])
}

async function expectIndexing(service: Service, stream: EventStream, chain: TestChain): Promise<void> {
  await chain.createJob()
  await stream.waitFor(1, { timeout: 40_000 })
  await service.untilReady()
  await untilSameAsChain(service, chain)
}
