import { type Address, keccak256, toHex, zeroAddress } from 'viem'
import { bytes32Of, type DevClient, devAccounts, nextBlockTime } from './client.ts'
import { type CommerceArgs, type CommerceChange, changeCommerceJob, createCommerceJob } from './commerce.ts'
import type { Market, Way } from './market.ts'
import { randomBelow, randomOf } from './random.ts'
import { randomJob } from './registry.ts'

/** A function of the contract, or `withdraw`: the client rejects its own job. */
type CommerceStep = CommerceChange | 'withdraw'

/** The ways of an ERC-8183 job. A job is created with a provider unless one of its steps sets it. */
const commerceWays: readonly Way<CommerceStep>[] = [
  { end: 'COMPLETED', weight: 8, steps: ['setBudget', 'fund', 'submit', 'complete'] },
  { end: 'COMPLETED', weight: 4, steps: ['setProvider', 'setBudget', 'fund', 'submit', 'complete'] },
  // A job without a budget is submitted without funding.
  { end: 'COMPLETED', weight: 2, steps: ['submit', 'complete'], patience: 2 },
  { end: 'REJECTED', weight: 1, steps: ['withdraw'], patience: 3 },
  { end: 'REJECTED', weight: 1, steps: ['setBudget', 'fund', 'reject'] },
  { end: 'REJECTED', weight: 2, steps: ['setBudget', 'fund', 'submit', 'reject'] },
  { end: 'EXPIRED', weight: 1, steps: ['setBudget', 'claimRefund'], patience: 2 },
  { end: 'EXPIRED', weight: 1, steps: ['setProvider', 'setBudget', 'fund', 'claimRefund'] },
]

const CLIENTS = devAccounts.slice(0, 4)
const PROVIDERS = devAccounts.slice(4, 8)
const EVALUATORS = devAccounts.slice(8)

/** An address without a contract: the payment token is only recorded. */
const TOKEN: Address = '0x00000000000000000000000000000000000005dc'

const DESCRIPTIONS = [
  'Summarise the governance proposals of this week',
  'Label 500 product photos',
  'Translate the user guide into Portuguese',
  'Find the cheapest route for a swap of 10,000 USDC',
  'Review a pull request for security',
]

interface CommerceJob {
  jobId: bigint
  client: Address
  provider: Address
  agentId: bigint
  evaluator: Address
  budget: bigint
}

/** Changes a job as an account. */
type Change = <Name extends CommerceChange>(
  from: Address,
  name: Name,
  args: CommerceArgs<Name>,
) => Promise<unknown>

/** Functions that send the transaction of each step, from the right account and with its arguments. */
const actions: Record<CommerceStep, (job: CommerceJob, change: Change) => Promise<unknown>> = {
  setProvider: ({ jobId, client, provider, agentId }, change) =>
    change(client, 'setProvider', [jobId, provider, agentId]),
  setBudget: ({ jobId, provider, budget }, change) => change(provider, 'setBudget', [jobId, TOKEN, budget]),
  fund: ({ jobId, client, budget }, change) => change(client, 'fund', [jobId, budget]),
  submit: ({ jobId, provider }, change) =>
    change(provider, 'submit', [jobId, keccak256(toHex(`deliverable of job ${jobId}`))]),
  complete: ({ jobId, evaluator }, change) => change(evaluator, 'complete', [jobId, bytes32Of('as agreed')]),
  reject: ({ jobId, evaluator }, change) => change(evaluator, 'reject', [jobId, bytes32Of('not as agreed')]),
  withdraw: ({ jobId, client }, change) => change(client, 'reject', [jobId, bytes32Of('no longer needed')]),
  claimRefund: ({ jobId, client }, change) => change(client, 'claimRefund', [jobId]),
}

/** Returns the market of an ERC-8183 contract: four clients, four providers and two evaluators. */
export function commerceMarket(client: DevClient, address: Address): Market<CommerceStep> {
  const change: Change = (from, name, args) => changeCommerceJob(client, address, from, name, args)
  return {
    ways: commerceWays,
    async createJob(way, lifetime) {
      const now = await nextBlockTime(client)
      const { budget, deadline } = randomJob(now)
      const roles = {
        client: randomOf(CLIENTS),
        provider: randomOf(PROVIDERS),
        evaluator: randomOf(EVALUATORS),
      }
      const { jobId } = await createCommerceJob(client, address, {
        ...roles,
        provider: way.steps.includes('setProvider') ? zeroAddress : roles.provider,
        expiredAt: lifetime === undefined ? Number(deadline) : now + lifetime,
        description: randomOf(DESCRIPTIONS),
      })
      const job = { jobId, ...roles, agentId: BigInt(101 + randomBelow(20)), budget }
      return { jobId: String(jobId), takeStep: (step) => actions[step](job, change) }
    },
  }
}
