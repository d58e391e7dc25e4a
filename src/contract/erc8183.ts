import { parseAbi } from 'viem/utils'
import { defineContract } from './define.ts'
import { address, amount, bytes32, later, time } from './kinds.ts'

/**
 * The events of ERC-8183 "Agentic Commerce" (https://eips.ethereum.org/EIPS/eip-8183, section "Events") in
 * every form known: as the standard's text lists them, and as its reference contract emits them.
 */
const abi = parseAbi([
  'event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt)',
  'event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt, address hook)',
  'event ProviderSet(uint256 indexed jobId, address indexed provider)',
  'event ProviderSet(uint256 indexed jobId, address indexed provider, uint256 agentId)',
  'event BudgetSet(uint256 indexed jobId, uint256 amount)',
  'event BudgetSet(uint256 indexed jobId, address indexed token, uint256 amount)',
  'event JobFunded(uint256 indexed jobId, address indexed client, uint256 amount)',
  'event JobSubmitted(uint256 indexed jobId, address indexed provider, bytes32 deliverable)',
  'event JobCompleted(uint256 indexed jobId, address indexed evaluator, bytes32 reason)',
  'event JobRejected(uint256 indexed jobId, address indexed rejector, bytes32 reason)',
  'event JobExpired(uint256 indexed jobId)',
])

/** The definition of the standard. A job's description is in no event, so it is not a field. */
export const erc8183 = defineContract({
  name: 'erc8183',
  abi,
  fields: {
    client: address({ role: true }),
    provider: later(address({ role: true, about: 'null until one is set' })),
    evaluator: address({ role: true }),
    budget: amount(0, { initial: '0', about: "in the token's smallest unit; 0 until it is set" }),
    paymentToken: later(address({ from: 'token', about: 'null until a log sets it' })),
    expiredAt: time(),
    hook: later(address({ filter: false, about: 'null for none' })),
    deliverable: later(bytes32({ filter: false, about: 'null until the provider submits' })),
    reason: later(bytes32({ filter: false, about: 'null until the job is completed or rejected' })),
  },
  events: { BudgetSet: { set: { budget: 'amount' } } },
})
