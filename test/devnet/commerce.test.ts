import { type Address, getAddress, type Hex, parseEventLogs, zeroAddress } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { agenticCommerceAbi as abi } from '../../abi/agenticCommerce.ts'
import { type Anvil, startAnvil } from '../../src/devnet/anvil.ts'
import {
  anvilCall,
  type DevClient,
  devAccounts,
  devClient,
  type Mined,
  nextBlockTime,
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

const [OWNER, PROVIDER, EVALUATOR, STRANGER] = devAccounts
const TOKEN = getAddress('0x00000000000000000000000000000000000005dc')
const WORD: Hex = `0x${'cd'.repeat(32)}`

let anvil: Anvil
let client: DevClient
let address: Address
beforeAll(async () => {
  anvil = await startAnvil()
  client = devClient(anvil.url)
  address = (await deployCommerce(client)).address
})
afterAll(() => anvil.stop())

/** The events of a transaction, each as [name, arguments], decoded by viem. */
async function eventsOf({ transactionHash }: Mined): Promise<[string, object][]> {
  const { logs } = await client.getTransactionReceipt({ hash: transactionHash })
  return parseEventLogs({ abi, logs, strict: true }).map(({ eventName, args }) => [eventName, args])
}

const create = (job: CommerceInput = {}) =>
  createCommerceJob(client, address, { client: OWNER, provider: PROVIDER, evaluator: EVALUATOR, ...job })

const change = <Name extends CommerceChange>(from: Address, name: Name, args: CommerceArgs<Name>) =>
  changeCommerceJob(client, address, from, name, args)

async function statusOf(jobId: bigint) {
  return commerceStatuses[(await getCommerceJob(client, address, jobId)).status]
}

/** Creates a job with a budget of 500 and takes it to a status. */
async function jobIn(status: 'OPEN' | 'FUNDED' | 'SUBMITTED', job: CommerceInput = {}): Promise<bigint> {
  const { jobId } = await create(job)
  await change(PROVIDER, 'setBudget', [jobId, TOKEN, 500n])
  if (status !== 'OPEN') await change(OWNER, 'fund', [jobId, 500n])
  if (status === 'SUBMITTED') await change(PROVIDER, 'submit', [jobId, WORD])
  expect(await statusOf(jobId)).toBe(status)
  return jobId
}

test('a job from its creation to its payment: events as in the reference contract, and getJob agrees', async () => {
  const created = await create({
    provider: zeroAddress,
    expiredAt: 4_000_000_000,
    description: 'a text',
    hook: TOKEN,
  })
  const { jobId } = created
  expect(await eventsOf(created)).toEqual([
    [
      'JobCreated',
      {
        ...{ jobId, client: OWNER, provider: zeroAddress, evaluator: EVALUATOR },
        ...{ expiredAt: 4_000_000_000n, hook: TOKEN },
      },
    ],
  ])
  expect(await eventsOf(await change(OWNER, 'setProvider', [jobId, PROVIDER, 42n]))).toEqual([
    ['ProviderSet', { jobId, provider: PROVIDER, agentId: 42n }],
  ])
  expect(await eventsOf(await change(PROVIDER, 'setBudget', [jobId, TOKEN, 500n]))).toEqual([
    ['BudgetSet', { jobId, token: TOKEN, amount: 500n }],
  ])
  expect(await eventsOf(await change(OWNER, 'fund', [jobId, 500n]))).toEqual([
    ['JobFunded', { jobId, client: OWNER, amount: 500n }],
  ])
  expect(await eventsOf(await change(PROVIDER, 'submit', [jobId, WORD]))).toEqual([
    ['JobSubmitted', { jobId, provider: PROVIDER, deliverable: WORD }],
  ])
  expect(await eventsOf(await change(EVALUATOR, 'complete', [jobId, WORD]))).toEqual([
    ['JobCompleted', { jobId, evaluator: EVALUATOR, reason: WORD }],
    ['PaymentReleased', { jobId, provider: PROVIDER, amount: 500n }],
  ])
  expect(await getCommerceJob(client, address, jobId)).toEqual({
    id: jobId,
    client: OWNER,
    provider: PROVIDER,
    evaluator: EVALUATOR,
    description: 'a text',
    budget: 500n,
    expiredAt: 4_000_000_000n,
    status: commerceStatuses.indexOf('COMPLETED'),
    hook: TOKEN,
    paymentToken: TOKEN,
    providerAgentId: 42n,
  })
})

test('a job without a budget is submitted unfunded', async () => {
  const { jobId } = await create()
  await change(PROVIDER, 'submit', [jobId, WORD])
  expect(await eventsOf(await change(EVALUATOR, 'complete', [jobId, WORD]))).toEqual([
    ['JobCompleted', expect.objectContaining({ jobId })],
    ['PaymentReleased', expect.objectContaining({ amount: 0n })],
  ])
})

test('the client rejects an open job, the evaluator a funded or submitted one, which is refunded', async () => {
  const open = await jobIn('OPEN')
  expect(await eventsOf(await change(OWNER, 'reject', [open, WORD]))).toEqual([
    ['JobRejected', { jobId: open, rejector: OWNER, reason: WORD }],
  ])
  for (const status of ['FUNDED', 'SUBMITTED'] as const) {
    const jobId = await jobIn(status)
    expect(await eventsOf(await change(EVALUATOR, 'reject', [jobId, WORD]))).toEqual([
      ['Refunded', { jobId, client: OWNER, amount: 500n }],
      ['JobRejected', { jobId, rejector: EVALUATOR, reason: WORD }],
    ])
    expect(await statusOf(jobId)).toBe('REJECTED')
  }
})

test('anybody can claim the refund of an expired job, and nobody can before it expires', async () => {
  const expiredAt = (await nextBlockTime(client)) + 1_000
  const open = await jobIn('OPEN', { expiredAt })
  const submitted = await jobIn('SUBMITTED', { expiredAt })
  await expect(change(STRANGER, 'claimRefund', [submitted])).rejects.toThrow('reverted')
  await anvilCall(client, 'evm_setNextBlockTimestamp', [expiredAt - 1])
  await expect(change(STRANGER, 'claimRefund', [submitted])).rejects.toThrow('reverted')
  await anvilCall(client, 'evm_setNextBlockTimestamp', [expiredAt])
  expect(await eventsOf(await change(STRANGER, 'claimRefund', [submitted]))).toEqual([
    ['Refunded', { jobId: submitted, client: OWNER, amount: 500n }],
    ['JobExpired', { jobId: submitted }],
  ])
  expect(await eventsOf(await change(STRANGER, 'claimRefund', [open]))).toEqual([
    ['JobExpired', { jobId: open }],
  ])
  expect(await statusOf(open)).toBe('EXPIRED')
})

describe('the contract refuses', () => {
  const wrong = 'reverted'

  test('callers without the role', async () => {
    const open = await jobIn('OPEN')
    await expect(change(STRANGER, 'setBudget', [open, TOKEN, 1n])).rejects.toThrow(wrong)
    await expect(change(PROVIDER, 'fund', [open, 500n])).rejects.toThrow(wrong)
    await expect(change(EVALUATOR, 'reject', [open, WORD])).rejects.toThrow(wrong)
    const funded = await jobIn('FUNDED')
    await expect(change(OWNER, 'submit', [funded, WORD])).rejects.toThrow(wrong)
    await expect(change(OWNER, 'reject', [funded, WORD])).rejects.toThrow(wrong)
    const submitted = await jobIn('SUBMITTED')
    await expect(change(PROVIDER, 'complete', [submitted, WORD])).rejects.toThrow(wrong)
    const { jobId } = await create({ provider: zeroAddress })
    await expect(change(PROVIDER, 'setProvider', [jobId, PROVIDER, 1n])).rejects.toThrow(wrong)
  })

  test('steps that do not follow from the status', async () => {
    const open = await jobIn('OPEN')
    await expect(change(PROVIDER, 'submit', [open, WORD])).rejects.toThrow(wrong)
    await expect(change(EVALUATOR, 'complete', [open, WORD])).rejects.toThrow(wrong)
    const funded = await jobIn('FUNDED')
    await expect(change(OWNER, 'fund', [funded, 500n])).rejects.toThrow(wrong)
    await expect(change(OWNER, 'setBudget', [funded, TOKEN, 1n])).rejects.toThrow(wrong)
    const rejected = await jobIn('OPEN')
    await change(OWNER, 'reject', [rejected, WORD])
    await expect(change(OWNER, 'reject', [rejected, WORD])).rejects.toThrow(wrong)
    await expect(change(OWNER, 'claimRefund', [rejected])).rejects.toThrow(wrong)
  })

  test('a job that it does not know, a provider who is set, a budget that was changed, and no evaluator', async () => {
    await expect(change(OWNER, 'reject', [999_999n, WORD])).rejects.toThrow(wrong)
    const open = await jobIn('OPEN')
    await expect(change(OWNER, 'setProvider', [open, STRANGER, 1n])).rejects.toThrow(wrong)
    await expect(change(OWNER, 'fund', [open, 499n])).rejects.toThrow(wrong)
    await expect(create({ evaluator: zeroAddress })).rejects.toThrow(wrong)
    await expect(create({ evaluator: PROVIDER })).rejects.toThrow(wrong)
    await expect(create({ expiredAt: 1 })).rejects.toThrow(wrong)
  })
})
