import { type Address, keccak256, toHex } from 'viem'
import { bytes32Of, type DevClient, nextBlockTime } from './client.ts'
import type { Market, Way } from './market.ts'
import { randomBelow } from './random.ts'
import { changeJob, createJob, type RegistryArgs, type RegistryChange, randomJob } from './registry.ts'

/** The ways of a job-registry job. The steps are functions of the contract. */
const registryWays: readonly Way<RegistryChange>[] = [
  { end: 'ARBITRATED', weight: 2, steps: ['setProvider', 'fund', 'submit', 'dispute', 'arbitrate'] },
  { end: 'COMPLETED', weight: 9, steps: ['setProvider', 'fund', 'submit', 'complete'] },
  {
    end: 'COMPLETED',
    weight: 4,
    steps: ['setBudget', 'setProvider', 'setEvaluator', 'fund', 'submit', 'complete'],
  },
  { end: 'REJECTED', weight: 2, steps: ['reject'], patience: 3 },
  { end: 'REJECTED', weight: 2, steps: ['setProvider', 'fund', 'submit', 'reject'] },
  { end: 'EXPIRED', weight: 1, steps: ['expire'], patience: 3 },
  { end: 'EXPIRED', weight: 1, steps: ['setProvider', 'fund', 'expire'] },
]

interface RegistryJob {
  jobId: bigint
  clientId: bigint
  providerId: bigint
  evaluatorId: bigint
  budget: bigint
}

/** Returns the arguments of each step. */
const argsOf: { [Step in RegistryChange]: (job: RegistryJob) => RegistryArgs<Step> } = {
  setProvider: ({ jobId, providerId }) => [jobId, providerId],
  setEvaluator: ({ jobId, evaluatorId }) => [jobId, evaluatorId],
  setBudget: ({ jobId, budget }) => [jobId, budget],
  fund: ({ jobId, clientId, budget }) => [jobId, clientId, budget],
  submit: ({ jobId, providerId }) => [jobId, providerId, keccak256(toHex(`deliverable of job ${jobId}`))],
  complete: ({ jobId, evaluatorId }) => [jobId, evaluatorId, bytes32Of('as agreed')],
  reject: ({ jobId, evaluatorId }) => [jobId, evaluatorId, bytes32Of('not as agreed')],
  expire: ({ jobId }) => [jobId],
  dispute: ({ jobId, clientId }) => [jobId, clientId],
  arbitrate: ({ jobId }) => [jobId, bytes32Of('half is paid')],
}

/** Returns the market of a job-registry contract. */
export function registryMarket(client: DevClient, address: Address): Market<RegistryChange> {
  return {
    ways: registryWays,
    async createJob(way, lifetime) {
      const now = await nextBlockTime(client)
      const offer = randomJob(now)
      const deadline = lifetime === undefined ? offer.deadline : BigInt(now + lifetime)
      const { jobId } = await createJob(client, address, { ...offer, deadline })
      const job: RegistryJob = {
        jobId: BigInt(jobId),
        clientId: offer.clientId,
        providerId: BigInt(101 + randomBelow(20)),
        evaluatorId: BigInt(201 + randomBelow(5)),
        // A negotiated budget is a tenth lower than the offer.
        budget: way.steps.includes('setBudget') ? (offer.budget * 9n) / 10n : offer.budget,
      }
      return { jobId, takeStep: (step) => changeJob(client, address, step, argsOf[step](job)) }
    },
  }
}
