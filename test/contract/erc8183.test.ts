import { type Address, type Hex, zeroAddress } from 'viem'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { type Anvil, startAnvil } from '../../src/devnet/anvil.ts'
import {
  anvilCall,
  type DevClient,
  devAccounts,
  devClient,
  nextBlockTime,
  succeeded,
} from '../../src/devnet/client.ts'
import {
  type CommerceArgs,
  type CommerceChange,
  type CommerceInput,
  changeCommerceJob,
  createCommerceJob,
  deployCommerce,
} from '../../src/devnet/commerce.ts'
import { commerceStatuses, getCommerceJob } from '../helpers/commerce.ts'
import { type EventStream, openStream } from '../helpers/eventStream.ts'
import { fold } from '../helpers/fold.ts'
import { type Service, startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { compile } from '../helpers/solidity.ts'
import { until } from '../helpers/until.ts'

/** An ERC-1967 proxy, as such contracts are usually deployed: logs and state are those of the proxy. */
const proxy = compile(
  `contract Proxy {
    bytes32 constant SLOT = bytes32(uint256(keccak256("eip1967.proxy.implementation")) - 1);
    constructor(address implementation) {
      bytes32 slot = SLOT;
      assembly { sstore(slot, implementation) }
    }
    fallback() external payable {
      bytes32 slot = SLOT;
      assembly {
        calldatacopy(0, 0, calldatasize())
        let ok := delegatecall(gas(), sload(slot), 0, calldatasize(), 0, 0)
        returndatacopy(0, 0, returndatasize())
        switch ok case 0 { revert(0, returndatasize()) } default { return(0, returndatasize()) }
      }
    }
  }`,
  'Proxy',
)

const [CLIENT, PROVIDER, EVALUATOR, ANYONE] = devAccounts
const TOKEN: Address = `0x${'5d'.repeat(20)}`
const HOOK: Address = `0x${'5e'.repeat(20)}`
const WORD: Hex = `0x${'cd'.repeat(32)}`

let anvil: Anvil
let client: DevClient
let address: Address
let service: Service
let stream: EventStream
beforeAll(async () => {
  anvil = await startAnvil()
  client = devClient(anvil.url)
  const implementation = await deployCommerce(client)
  const hash = await client.deployContract({ ...proxy, args: [implementation.address], chain: null })
  address = (await succeeded(client, hash)).contractAddress as Address
  service = await startService({
    CONTRACT: 'erc8183',
    RPC_URL: anvil.wsUrl,
    CONTRACT_ADDRESS: address,
    DATABASE_URL: await createSharedDatabase(),
  })
  await service.untilReady()
  stream = openStream(`${service.url}/api/v1/events`)
  await stream.connected
})
afterAll(async () => {
  stream?.close()
  await service?.close()
  await anvil?.stop()
})

const create = async (job: CommerceInput = {}) =>
  (await createCommerceJob(client, address, { client: CLIENT, evaluator: EVALUATOR, ...job })).jobId

const change = <Name extends CommerceChange>(from: Address, name: Name, args: CommerceArgs<Name>) =>
  changeCommerceJob(client, address, from, name, args)

/** A job with a provider and a budget of 500. */
async function priced(job: CommerceInput = {}): Promise<bigint> {
  const jobId = await create({ provider: PROVIDER, ...job })
  await change(PROVIDER, 'setBudget', [jobId, TOKEN, 500n])
  return jobId
}

async function submitted(job: CommerceInput = {}): Promise<bigint> {
  const jobId = await priced(job)
  await change(CLIENT, 'fund', [jobId, 500n])
  await change(PROVIDER, 'submit', [jobId, WORD])
  return jobId
}

/** Creates jobs in every status, by every path to it. */
async function everyFlow(): Promise<void> {
  await change(EVALUATOR, 'complete', [await submitted(), WORD])
  await change(EVALUATOR, 'reject', [await submitted({ hook: HOOK }), WORD])
  const named = await create()
  await change(CLIENT, 'setProvider', [named, PROVIDER, 42n])
  await change(CLIENT, 'setBudget', [named, TOKEN, 2n ** 256n - 1n])
  await change(CLIENT, 'fund', [named, 2n ** 256n - 1n])
  await change(EVALUATOR, 'reject', [named, WORD])
  const unfunded = await create({ provider: PROVIDER })
  await change(PROVIDER, 'submit', [unfunded, WORD])
  await change(CLIENT, 'reject', [await priced(), WORD])
  await change(CLIENT, 'fund', [await priced(), 500n])
  const raised = await priced()
  await change(CLIENT, 'setBudget', [raised, HOOK, 600n])
  await create()
  const expiredAt = (await nextBlockTime(client)) + 1_000
  const late = [await priced({ expiredAt }), await submitted({ expiredAt })]
  await anvilCall(client, 'evm_setNextBlockTimestamp', [expiredAt])
  for (const jobId of late) await change(ANYONE, 'claimRefund', [jobId])
}

/** Reads the jobs from the state of the contract, independently of its logs. */
async function jobsOfContract(): Promise<object[]> {
  const orNull = (value: Address) => (value === zeroAddress ? null : value.toLowerCase())
  const jobs: object[] = []
  for (let id = 1n; ; id++) {
    const job = await getCommerceJob(client, address, id)
    if (job.client === zeroAddress) return jobs
    jobs.push({
      jobId: String(id),
      status: commerceStatuses[job.status],
      client: orNull(job.client),
      provider: orNull(job.provider),
      evaluator: orNull(job.evaluator),
      budget: String(job.budget),
      paymentToken: orNull(job.paymentToken),
      expiredAt: String(job.expiredAt),
      hook: orNull(job.hook),
    })
  }
}

function pick(job: Job, names: string[]): object {
  return Object.fromEntries(names.map((name) => [name, job[name]]))
}

/** Waits until the history equals the jobs of the contract. Compares it with the jobs of a subscriber. */
async function compare(): Promise<Job[]> {
  const onChain = await jobsOfContract()
  const history = await until(
    async () => {
      const jobs = await service.history()
      expect(jobs.map((job, i) => pick(job, Object.keys(onChain[i] ?? job)))).toEqual(onChain)
      return jobs
    },
    { message: 'the history equals the jobs of the contract' },
  )
  const { lastEventId } = await service.get('/api/v1/jobs')
  await stream.waitFor(({ id }) => id === lastEventId)
  expect(fold(stream.jobEvents())).toEqual(history)
  return history
}

it('jobs in every status equal those of a contract behind a proxy, before and after a reorg', async () => {
  await everyFlow()
  const before = await compare()
  expect(new Set(before.map(({ status }) => status))).toEqual(new Set(commerceStatuses))
  const [completed] = before
  expect(completed).toMatchObject({
    status: 'COMPLETED',
    deliverable: WORD,
    reason: WORD,
    paymentToken: TOKEN,
  })

  for (const depth of [1, 2, 5, 12]) {
    await anvilCall(client, 'anvil_reorg', [depth, []])
    await compare()
    // The contract assigns the ids that the reorg freed again.
    await submitted()
    await compare()
  }
  await everyFlow()
  const after = await compare()
  expect(after.length).toBeGreaterThan(before.length)

  expect((await service.get(`/api/v1/jobs?participant=${PROVIDER}&limit=100`)).data).toHaveLength(
    after.filter(({ provider }) => provider === PROVIDER.toLowerCase()).length,
  )
  expect((await service.get('/api/v1/jobs?status=EXPIRED&minBudget=500')).data).toHaveLength(
    after.filter(({ status }) => status === 'EXPIRED').length,
  )
})
