import { jobRegistryAbi } from '../../abi/jobRegistry.ts'
import { defineContract } from './define.ts'
import { creation } from './job.ts'
import { amount, choice, later, offChain, text, time, uint } from './kinds.ts'

/** The marketplace this project began with: agent ids (ERC-8004) for the roles, budgets in USDC. */
export const jobRegistry = defineContract({
  name: 'job-registry',
  abi: jobRegistryAbi,
  fields: {
    clientId: uint({ role: true, about: 'agent id of the client' }),
    strategyType: choice(['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL']),
    verificationLevel: choice([1, 2, 3, 4], { about: '1 = L0, 2 = L1, 3 = L2, 4 = L3' }),
    budget: amount(6, { unit: 'USDC' }),
    onchainDeadline: time({ from: 'deadline' }),
    ...creation,
    title: offChain(text()),
    description: offChain(text()),
    providerId: later(uint({ role: true, about: 'agent id of the provider' })),
    evaluatorId: later(uint({ role: true, about: 'agent id of the evaluator' })),
  },
})
