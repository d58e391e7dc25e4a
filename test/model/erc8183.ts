import type { Hex } from 'viem'
import { erc8183 } from '../../src/contract/erc8183.ts'
import type { Random } from '../helpers/random.ts'
import {
  type Drawn,
  digits,
  drawAmount,
  type EventModel,
  JOB_EVENTS,
  type ModelDefinition,
} from './definition.ts'

const EXPIRES = 1_900_000_000
const ZERO: Hex = `0x${'0'.repeat(40)}`
const PEOPLE: Hex[] = ['a1', 'b2', 'c3'].map((pair): Hex => `0x${pair.repeat(20)}`)
const TOKENS: Hex[] = [ZERO, `0x${'7e'.repeat(20)}`, `0x${'00'.repeat(19)}01`]
const [ALICE, BOB] = PEOPLE as [Hex, Hex]

const person = (random: Random) => random.pick([...PEOPLE, ...PEOPLE, ZERO])
const orNull = (address: Hex) => (address === ZERO ? null : address)

/** Draws a log of the creating event, in the form with a hook or without. */
function created(random: Random, hook: Hex | undefined): Drawn {
  const [client, provider, evaluator] = [person(random), person(random), person(random)]
  const words = [client, provider, evaluator, EXPIRES, ...(hook === undefined ? [] : [hook])].map(digits)
  // An address has 20 bytes: this word has more.
  const fits = !random.chance(0.03)
  if (!fits) words[2] = `01${(words[2] as string).slice(2)}`
  return {
    words,
    set: {
      client: orNull(client),
      provider: orNull(provider),
      evaluator: orNull(evaluator),
      budget: '0',
      expiredAt: String(EXPIRES),
      ...(hook !== undefined && { hook: orNull(hook) }),
    },
    fits,
  }
}

/** Makes an event whose first parameter after the id is an address. */
function ofPerson(
  signature: string,
  field: string | null,
  rest: (random: Random) => Drawn = () => ({ words: [], set: {} }),
): EventModel {
  return {
    signature,
    indexed: 1,
    draw(random) {
      const value = person(random)
      const { words, set } = rest(random)
      return { words: [digits(value), ...words], set: { ...(field && { [field]: orNull(value) }), ...set } }
    },
  }
}

/** Draws a bytes32 for `field`, and sets a status. */
function statusAndBytes32(status: string, field: string): (random: Random) => Drawn {
  return (random) => {
    const value: Hex = `0x${random.pick(['00', '5e']).repeat(32)}`
    return { words: [digits(value)], set: { status, [field]: value } }
  }
}

/** The events of ERC-8183: those of its text, and those of its reference contract. */
export const erc8183Model: ModelDefinition = {
  contract: erc8183,
  creations: [
    {
      signature: 'JobCreated(uint256,address,address,address,uint256)',
      indexed: 2,
      draw: (random) => created(random, undefined),
    },
    {
      signature: 'JobCreated(uint256,address,address,address,uint256,address)',
      indexed: 2,
      draw: (random) => created(random, random.pick([ZERO, BOB])),
    },
  ],
  changes: [
    ofPerson('ProviderSet(uint256,address)', 'provider'),
    ofPerson('ProviderSet(uint256,address,uint256)', 'provider', () => ({ words: [digits(5)], set: {} })),
    {
      signature: 'BudgetSet(uint256,uint256)',
      indexed: 0,
      draw(random) {
        const amount = drawAmount(random)
        return { words: [digits(amount)], set: { budget: String(amount) } }
      },
    },
    {
      signature: 'BudgetSet(uint256,address,uint256)',
      indexed: 1,
      draw(random) {
        const [token, amount] = [random.pick(TOKENS), drawAmount(random)]
        return {
          words: [digits(token), digits(amount)],
          set: { budget: String(amount), paymentToken: orNull(token) },
        }
      },
    },
    ofPerson('JobFunded(uint256,address,uint256)', 'client', () => ({
      words: [digits(77)],
      set: { status: 'FUNDED' },
    })),
    ofPerson(
      'JobSubmitted(uint256,address,bytes32)',
      'provider',
      statusAndBytes32('SUBMITTED', 'deliverable'),
    ),
    ofPerson('JobCompleted(uint256,address,bytes32)', 'evaluator', statusAndBytes32('COMPLETED', 'reason')),
    // The rejector is the client or the evaluator, and sets no field.
    ofPerson('JobRejected(uint256,address,bytes32)', null, statusAndBytes32('REJECTED', 'reason')),
    { signature: 'JobExpired(uint256)', indexed: 0, draw: () => ({ words: [], set: { status: 'EXPIRED' } }) },
  ],
  empty: {
    jobId: null,
    status: null,
    client: null,
    provider: null,
    evaluator: null,
    budget: null,
    paymentToken: null,
    expiredAt: null,
    hook: null,
    deliverable: null,
    reason: null,
    onchainCreatedAt: null,
    creationTxHash: null,
    blockNumber: null,
  },
  tallyFields: ['status'],
  choice: null,
  sum: null,
  queries: [
    { query: {}, types: JOB_EVENTS, matches: () => true },
    { query: { status: 'OPEN' }, types: JOB_EVENTS, matches: ({ status }) => status === 'OPEN' },
    {
      query: { participant: ALICE.toUpperCase().replace('X', 'x') },
      types: JOB_EVENTS,
      matches: ({ client, provider, evaluator }) => [client, provider, evaluator].includes(ALICE),
    },
    {
      query: { provider: BOB, types: 'job_u*' },
      types: ['job_updated'],
      matches: ({ provider }) => provider === BOB,
    },
    {
      query: { minBudget: '200', paymentToken: TOKENS.join(',') },
      types: JOB_EVENTS,
      matches: ({ budget, paymentToken }) => BigInt(String(budget)) >= 200n && paymentToken !== null,
    },
    { query: { maxBudget: '0' }, types: JOB_EVENTS, matches: ({ budget }) => budget === '0' },
    { query: { filter: 'job_removed' }, types: ['job_removed'], matches: () => true },
  ],
}
