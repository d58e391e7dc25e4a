import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { Random } from '../helpers/random.ts'
import {
  type Drawn,
  digits,
  drawAmount,
  type EventModel,
  fixed,
  JOB_EVENTS,
  type ModelDefinition,
} from './definition.ts'

const STRATEGIES = ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL']
const DEADLINE = 1_900_000_000
const ANY_BYTES = digits(`0x${'d1'.repeat(32)}`)

/** There are few agents, so that one agent has several roles. */
const agent = (random: Random) => 1 + random.below(4)

function created(random: Random): Drawn {
  const client = agent(random)
  // 9 is a strategy of a newer contract; 256 is not a uint8.
  const strategy = random.pick([0, 0, 0, 1, 1, 2, 3, 3, 9, 9, 9, random.pick([9, 256])])
  const level = 1 + random.below(5)
  const budget = drawAmount(random)
  return {
    words: [client, strategy, level, budget, DEADLINE].map(digits),
    set: {
      clientId: String(client),
      strategyType: STRATEGIES[strategy] ?? `UNKNOWN_${strategy}`,
      verificationLevel: level,
      budget: fixed(budget, 6),
      onchainDeadline: String(DEADLINE),
    },
    fits: strategy < 256,
  }
}

/** Makes an event whose first parameter after the id is an agent, which sets `field`. */
function ofAgent(
  signature: string,
  field: string | null,
  { status, words = [] }: { status?: string; words?: string[] } = {},
): EventModel {
  return {
    signature,
    indexed: 1,
    draw(random) {
      const value = agent(random)
      return {
        words: [digits(value), ...words],
        set: { ...(status && { status }), ...(field && { [field]: String(value) }) },
      }
    },
  }
}

/** The events of abi/JobRegistry.sol. */
export const jobRegistryModel: ModelDefinition = {
  contract: jobRegistry,
  creations: [
    { signature: 'JobCreated(uint256,uint256,uint8,uint8,uint256,uint256)', indexed: 1, draw: created },
  ],
  changes: [
    ofAgent('ProviderSet(uint256,uint256)', 'providerId'),
    ofAgent('EvaluatorSet(uint256,uint256)', 'evaluatorId'),
    {
      signature: 'BudgetSet(uint256,uint256)',
      indexed: 0,
      draw(random) {
        const budget = drawAmount(random)
        return { words: [digits(budget)], set: { budget: fixed(budget, 6) } }
      },
    },
    // The amount that is funded is not the job's budget.
    ofAgent('JobFunded(uint256,uint256,uint256)', 'clientId', { status: 'FUNDED', words: [digits(77)] }),
    ofAgent('JobSubmitted(uint256,uint256,bytes32)', 'providerId', {
      status: 'SUBMITTED',
      words: [ANY_BYTES],
    }),
    ofAgent('JobCompleted(uint256,uint256,bytes32)', 'evaluatorId', {
      status: 'COMPLETED',
      words: [ANY_BYTES],
    }),
    ofAgent('JobRejected(uint256,uint256,bytes32)', 'evaluatorId', {
      status: 'REJECTED',
      words: [ANY_BYTES],
    }),
    { signature: 'JobExpired(uint256)', indexed: 0, draw: () => ({ words: [], set: { status: 'EXPIRED' } }) },
    ofAgent('JobDisputed(uint256,uint256)', null, { status: 'DISPUTED' }),
    {
      signature: 'JobArbitrated(uint256,bytes32)',
      indexed: 0,
      draw: () => ({ words: [ANY_BYTES], set: { status: 'ARBITRATED' } }),
    },
  ],
  empty: {
    jobId: null,
    status: null,
    clientId: null,
    strategyType: null,
    verificationLevel: null,
    budget: null,
    onchainDeadline: null,
    onchainCreatedAt: null,
    creationTxHash: null,
    blockNumber: null,
    title: null,
    description: null,
    providerId: null,
    evaluatorId: null,
  },
  tallyFields: ['status', 'strategyType', 'verificationLevel'],
  choice: 'strategyType',
  sum: { field: 'budget', decimals: 6 },
  queries: [
    { query: {}, types: JOB_EVENTS, matches: () => true },
    { query: { status: 'OPEN' }, types: JOB_EVENTS, matches: ({ status }) => status === 'OPEN' },
    {
      query: { participant: '1' },
      types: JOB_EVENTS,
      matches: ({ clientId, providerId, evaluatorId }) => [clientId, providerId, evaluatorId].includes('1'),
    },
    {
      query: { providerId: '02,3', types: 'job_updated' },
      types: ['job_updated'],
      matches: ({ providerId }) => providerId === '2' || providerId === '3',
    },
    {
      query: { strategyType: 'PROGRAM,UNKNOWN_9', types: 'job_created,ping' },
      types: ['job_created'],
      matches: ({ strategyType }) => strategyType === 'PROGRAM' || strategyType === 'UNKNOWN_9',
    },
    {
      query: { minBudget: '0.0002', types: 'job_*' },
      types: JOB_EVENTS,
      matches: ({ budget }) => unitsOf(budget) >= 200n,
    },
    {
      query: { maxBudget: '1', clientId: '1,2', status: 'FUNDED,SUBMITTED,OPEN', verificationLevel: '1,5' },
      types: JOB_EVENTS,
      matches: ({ budget, clientId, status, verificationLevel }) =>
        unitsOf(budget) <= 1_000_000n &&
        (clientId === '1' || clientId === '2') &&
        ['FUNDED', 'SUBMITTED', 'OPEN'].includes(String(status)) &&
        (verificationLevel === 1 || verificationLevel === 5),
    },
    { query: { filter: '*d,job_removed' }, types: JOB_EVENTS, matches: () => true },
    {
      query: { filter: 'job_removed', status: 'REJECTED,OPEN' },
      types: ['job_removed'],
      matches: ({ status }) => status === 'REJECTED' || status === 'OPEN',
    },
  ],
}

function unitsOf(budget: unknown): bigint {
  return BigInt(String(budget).replace('.', ''))
}
