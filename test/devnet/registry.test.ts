import { type AbiEvent, type Hex, parseEventLogs, toEventSelector } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { jobRegistryAbi as abi } from '../../abi/jobRegistry.ts'
import { randomJob } from '../../src/devnet/registry.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'

const MAX = 2n ** 256n - 1n
const WORD: Hex = `0x${'ab'.repeat(32)}`

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain.stop())

/** The contract's events in these blocks, each as [name, arguments], decoded by viem. */
async function eventsIn(fromBlock: number, toBlock = fromBlock): Promise<[string, object][]> {
  const logs = await chain.client.getLogs({
    address: chain.address,
    fromBlock: BigInt(fromBlock),
    toBlock: BigInt(toBlock),
  })
  return parseEventLogs({ abi, logs, strict: true }).map(({ eventName, args }) => [eventName, args])
}

describe('createJob', () => {
  test("a created job's log decodes to its input", async () => {
    const job = {
      clientId: 7n,
      budget: 100_500_000n,
      deadline: 1_790_000_000n,
      strategyType: 3,
      verificationLevel: 4,
    }
    const created = await chain.createJob(job)
    expect(await eventsIn(created.blockNumber)).toEqual([
      ['JobCreated', { jobId: BigInt(created.jobId), ...job }],
    ])
  })

  test('carries 2^256-1 and enum values that no indexer knows', async () => {
    const job = { clientId: MAX, budget: MAX, deadline: MAX, strategyType: 9, verificationLevel: 255 }
    const created = await chain.createJob(job)
    expect(await eventsIn(created.blockNumber)).toEqual([
      ['JobCreated', { jobId: BigInt(created.jobId), ...job }],
    ])
  })

  test('accepts an id that is in use, and then continues with its next id', async () => {
    const first = await chain.createJob()
    const again = await chain.createJob({ jobId: BigInt(first.jobId), budget: 5n })
    expect(again.jobId).toBe(first.jobId)
    expect((await chain.createJob()).jobId).toBe(String(Number(first.jobId) + 1))
  })

  test("emits the marketplace's event", async () => {
    const { blockNumber } = await chain.createJob()
    const [log] = await chain.client.getLogs({ address: chain.address, fromBlock: BigInt(blockNumber) })
    expect(log?.topics[0]).toBe(toEventSelector('JobCreated(uint256,uint256,uint8,uint8,uint256,uint256)'))
    expect(log?.topics).toHaveLength(3)
  })
})

test.each([
  ['setProvider', [1n, 2n], 'ProviderSet(uint256 indexed jobId, uint256 indexed providerId)'],
  ['setEvaluator', [1n, 2n], 'EvaluatorSet(uint256 indexed jobId, uint256 indexed evaluatorId)'],
  ['setBudget', [1n, MAX], 'BudgetSet(uint256 indexed jobId, uint256 amount)'],
  ['fund', [1n, 2n, 3n], 'JobFunded(uint256 indexed jobId, uint256 indexed clientId, uint256 amount)'],
  [
    'submit',
    [1n, 2n, WORD],
    'JobSubmitted(uint256 indexed jobId, uint256 indexed providerId, bytes32 deliverable)',
  ],
  [
    'complete',
    [1n, 2n, WORD],
    'JobCompleted(uint256 indexed jobId, uint256 indexed evaluatorId, bytes32 reason)',
  ],
  [
    'reject',
    [1n, 2n, WORD],
    'JobRejected(uint256 indexed jobId, uint256 indexed evaluatorId, bytes32 reason)',
  ],
  ['expire', [1n], 'JobExpired(uint256 indexed jobId)'],
  ['dispute', [1n, 2n], 'JobDisputed(uint256 indexed jobId, uint256 indexed by)'],
  ['arbitrate', [MAX, WORD], 'JobArbitrated(uint256 indexed jobId, bytes32 ruling)'],
] as const)('changeJob %s emits the event of its name', async (name, args, signature) => {
  const change = await chain.changeJob(name, args)
  const [[eventName, values] = []] = await eventsIn(change.blockNumber)
  const event = abi.find((item) => item.type === 'event' && item.name === eventName) as AbiEvent
  const parameters = event.inputs.map(
    (input) => `${input.type}${input.indexed ? ' indexed' : ''} ${input.name}`,
  )
  expect(`${eventName}(${parameters.join(', ')})`).toBe(signature)
  expect(event.inputs.map((input) => values?.[input.name as keyof typeof values])).toEqual(args)
})

test('changes that are sent share a block once it is mined, in their order', async () => {
  await chain.setAutomine(false)
  try {
    await Promise.all([
      chain.sendJob({ jobId: 99n }),
      chain.sendChange('complete', [99n, 1n, WORD]),
      chain.sendChange('fund', [99n, 1n, 2n]),
    ])
    await chain.mine()
    const { number } = await chain.head()
    expect((await eventsIn(number)).map(([name]) => name)).toEqual([
      'JobCreated',
      'JobCompleted',
      'JobFunded',
    ])
  } finally {
    await chain.setAutomine(true)
  }
})

test('createJobs creates the given number of jobs with consecutive ids, in few blocks', async () => {
  const { fromBlock, toBlock } = await chain.createJobs(250, { budget: 5_000_000n, perTransaction: 100 })
  expect(toBlock - fromBlock).toBe(2)
  const jobs = (await eventsIn(fromBlock, toBlock)).map(([, job]) => job as { jobId: bigint; budget: bigint })
  expect(jobs).toHaveLength(250)
  const first = jobs[0]?.jobId as bigint
  expect(jobs.map(({ jobId }) => jobId)).toEqual(jobs.map((_, i) => first + BigInt(i)))
  expect(new Set(jobs.map(({ budget }) => budget)).size).toBe(250)
})

test('createCompletedJobs writes five logs per job, job by job', async () => {
  const { fromBlock, toBlock } = await chain.createCompletedJobs(30, { clientId: 4n, perTransaction: 20 })
  expect(toBlock - fromBlock).toBe(1)
  const events = await eventsIn(fromBlock, toBlock)
  const ids = events.map(([, { jobId }]: [string, { jobId?: bigint }]) => jobId as bigint)
  const first = ids[0] as bigint
  expect(ids).toEqual(ids.map((_, i) => first + BigInt(Math.floor(i / 5))))
  expect(events.slice(5, 10)).toEqual([
    [
      'JobCreated',
      expect.objectContaining({ clientId: 4n, budget: 100_000_001n, strategyType: 1, verificationLevel: 2 }),
    ],
    ['ProviderSet', { jobId: first + 1n, providerId: 2n }],
    ['JobFunded', { jobId: first + 1n, clientId: 4n, amount: 100_000_001n }],
    ['JobSubmitted', expect.objectContaining({ providerId: 2n })],
    ['JobCompleted', expect.objectContaining({ evaluatorId: 2n })],
  ])
  // The default number of jobs in one transaction.
  const many = await chain.createCompletedJobs(2_000)
  expect(many.toBlock).toBe(many.fromBlock)
})

test('a reorg takes a job off the chain, and rollback lowers the head', async () => {
  const { blockNumber, blockHash } = await chain.createJob()
  await chain.mine(2)
  await chain.reorg(3)
  expect(await eventsIn(blockNumber, blockNumber + 2)).toEqual([])
  const replaced = await chain.client.getBlock({ blockNumber: BigInt(blockNumber) })
  expect(replaced.hash).not.toBe(blockHash)
  const before = await chain.head()
  await chain.rollback(1)
  expect((await chain.head()).number).toBe(before.number - 1)
})

test('reverting to a snapshot restores the old branch', async () => {
  await chain.mine()
  const head = await chain.head()
  const snapshot = await chain.snapshot()
  await chain.createJob()
  await chain.revert(snapshot)
  expect(await chain.head()).toEqual(head)
})

test('a random job is a plausible one', () => {
  for (let i = 0; i < 500; i++) {
    const now = 1_780_000_000
    const job = randomJob(now)
    expect(job.budget).toBeGreaterThanOrEqual(50_000_000n)
    expect(job.budget).toBeLessThanOrEqual(5_000_000_000n)
    expect(Number(job.deadline) - now).toBeGreaterThanOrEqual(86_400)
    expect(Number(job.deadline) - now).toBeLessThanOrEqual(30 * 86_400)
    expect([0, 1, 2, 3]).toContain(job.strategyType)
    expect([1, 2, 3, 4]).toContain(job.verificationLevel)
  }
})
