import { expect, onTestFinished } from 'vitest'
import type { TestChain } from './anvil.ts'
import { jobsOnChain } from './fold.ts'
import { type RpcProxy, startRpcProxy } from './rpcProxy.ts'
import { type Service, startService } from './service.ts'
import { createSharedDatabase } from './sharedPostgres.ts'
import { until } from './until.ts'

/** Starts an RPC proxy in front of an endpoint. It ends with the test. */
export async function proxyTo(endpoint: { url: string }): Promise<RpcProxy> {
  const proxy = await startRpcProxy(endpoint.url)
  onTestFinished(() => proxy.stop())
  return proxy
}

/**
 * Starts a service that indexes the chain's contract into a new database. It ends with the test.
 * @param rpcUrl RPC_URL, usually the proxies of the test
 */
export async function serveChain(
  { chain, rpcUrl }: { chain: TestChain; rpcUrl: string },
  env: Record<string, string> = {},
): Promise<Service> {
  const service = await startService({
    RPC_URL: rpcUrl,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await createSharedDatabase(),
    // No block is mined between the tests, so the head becomes old.
    MAX_LAG_SECONDS: '3600',
    ...env,
  })
  onTestFinished(() => service.close())
  return service
}

/**
 * Waits until the history has as many jobs as the chain. Fails if they are not the same, in the same order.
 */
export async function untilSameAsChain(service: Service, chain: TestChain): Promise<void> {
  const wanted = await jobsOnChain(chain)
  await until(async () => (await service.history()).length >= wanted.length, {
    message: 'every job is indexed',
  })
  expect(await service.history()).toEqual(wanted)
}
