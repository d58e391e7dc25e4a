import type { FastifyInstance } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import type { Chain } from 'viem'
import type { Config } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import type { Field } from '../contract/job.ts'
import { kindNames } from '../contract/kind.ts'
import { lagBlocks, lagSeconds } from '../indexer/staleness.ts'
import type { IndexState } from '../store/state.ts'
import type { HourTotal, Total } from '../store/stats.ts'
import { apiKeyParameter, errorAnswers } from './errors.ts'
import { remember } from './remember.ts'

/** The tallies are read at most this often, however many ask. */
const STATS_FRESH_MS = 1_000

export interface StatusOptions {
  config: Config
  contract: Contract
  readState(): Promise<IndexState>
  readTotals(): Promise<{ totals: Total[]; hours: HourTotal[] }>
  streams(): number
}

const querystring = Type.Object(apiKeyParameter, { additionalProperties: false })
const orNull = (type: TSchema, options: object = {}) =>
  Type.Union([type, Type.Null()], { description: 'null before the chain was reached', ...options })

const ContractData = Type.Object(
  {
    name: Type.String({ examples: ['job-registry'] }),
    statuses: Type.Array(Type.String(), {
      description: "in the order of a job's life",
      examples: [['OPEN', 'FUNDED']],
    }),
    fields: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['budget'] }),
        kind: Type.String({ enum: [...kindNames] }),
        nullable: Type.Boolean(),
        role: Type.Boolean({ description: 'names a party of the job' }),
        decimals: Type.Optional(Type.Integer({ description: 'fraction digits of an amount' })),
        unit: Type.Optional(Type.String({ description: 'what an amount is counted in', examples: ['USDC'] })),
        values: Type.Optional(Type.Array(Type.Unknown(), { description: 'known values of a choice' })),
        about: Type.Optional(Type.String()),
      }),
      { description: 'of a job, in the order they are sent' },
    ),
    filters: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['status'] }),
        kind: Type.String({
          enum: ['list', 'min', 'max'],
          description:
            'list: one of the fields has one of the values given; min, max: inclusive bounds of the field',
        }),
        fields: Type.Array(Type.String()),
        takes: Type.String({ description: 'in words' }),
      }),
      { description: 'the query parameters that select jobs, of the history and of the stream' },
    ),
    choice: Type.Union([Type.String(), Type.Null()], {
      description: 'the field that /api/v1/stats groups by',
    }),
    sum: Type.Union([Type.String(), Type.Null()], { description: 'the amount that /api/v1/stats adds up' }),
  },
  { description: "the contract's definition" },
)

const ConfigData = Type.Object({
  chainId: orNull(Type.Integer(), { examples: [1] }),
  chainName: orNull(Type.String(), { description: 'if the chain is known', examples: ['Ethereum'] }),
  explorerUrl: orNull(Type.String(), {
    description: "the chain's block explorer, if it is known",
    examples: ['https://etherscan.io'],
  }),
  contractAddress: orNull(Type.String(), { examples: [`0x${'12'.repeat(20)}`] }),
  contract: ContractData,
  startBlock: orNull(Type.String(), { examples: ['1000'] }),
  feedRetentionSeconds: Type.Integer({ description: '0: streams cannot be resumed', examples: [3600] }),
  keepaliveSeconds: Type.Integer({ description: 'of silence before a ping', examples: [30] }),
})

const tally = {
  jobs: Type.Integer({ examples: [12] }),
  amount: Type.Union([Type.String(), Type.Null()], {
    description: "the contract's amounts added up; null if jobs may count in different units",
    examples: ['1200.000000'],
  }),
}
const choice = Type.String({ description: "value of the contract's first choice", examples: ['PROGRAM'] })

const StatsData = Type.Object({
  totalJobs: Type.Integer({ examples: [12] }),
  totalAmount: tally.amount,
  byStatus: Type.Array(Type.Object({ status: Type.String({ examples: ['OPEN'] }), ...tally }), {
    description: 'statuses without jobs are left out',
  }),
  byChoice: Type.Array(Type.Object({ choice, ...tally }), {
    description: 'of all time; values without jobs are left out',
  }),
  hours: Type.Array(
    Type.Object({
      hour: Type.String({ description: 'unix seconds of its beginning', examples: ['1780002000'] }),
      choice,
      ...tally,
    }),
    {
      description: 'jobs by hour of creation, the last 7 days, oldest first; hours without jobs are left out',
    },
  ),
  blockNumber: Type.String({ description: 'the block indexed last', examples: ['123456'] }),
  finalizedBlockNumber: Type.String({ description: 'no reorg can touch it', examples: ['123392'] }),
  headBlockNumber: Type.String({ description: "the chain's head when last looked at", examples: ['123458'] }),
  lagBlocks: Type.Integer({ examples: [2] }),
  lagSeconds: Type.Integer({ description: 'of chain time', examples: [24] }),
  syncing: Type.Boolean({
    description: "true while the contract's past is indexed for the first time: jobs are missing",
    examples: [false],
  }),
  streams: Type.Integer({ description: 'open streams of the process that answers', examples: [118] }),
  timestamp: Type.String({
    format: 'date-time',
    description: 'when the database was read',
    examples: ['2026-01-01T00:00:00.000Z'],
  }),
})

const answer = <T extends TSchema>(data: T, description: string) =>
  Type.Object({ success: Type.Literal(true), data }, { description })

/** `/api/v1/config` and `/api/v1/stats`. */
export function statusRoutes(app: FastifyInstance, options: StatusOptions): void {
  const readConfig = remember(() => configOf(options), STATS_FRESH_MS)
  const readStats = remember(() => statsOf(options), STATS_FRESH_MS)

  app.get(
    '/api/v1/config',
    {
      schema: {
        operationId: 'getConfig',
        summary: 'What is indexed',
        description: 'The fields and filters of the contract are here, so that a client need not know them.',
        tags: ['status'],
        querystring,
        response: { 200: answer(ConfigData, 'the chain, the contract and the limits'), ...errorAnswers() },
      },
    },
    async () => ({ success: true, data: await readConfig() }),
  )

  app.get(
    '/api/v1/stats',
    {
      schema: {
        operationId: 'getStats',
        summary: 'Totals, a series by hour, and how fresh the index is',
        description: 'Read from tallies at most once a second, however many ask.',
        tags: ['status'],
        querystring,
        response: { 200: answer(StatsData, 'the figures'), ...errorAnswers() },
      },
    },
    async () => ({ success: true, data: { ...(await readStats()), streams: options.streams() } }),
  )
}

async function configOf({ config, contract, readState }: StatusOptions): Promise<Static<typeof ConfigData>> {
  const { chainId, contract: contractAddress, startBlock } = await readState()
  const chain = chainId === null ? undefined : await findChain(chainId)
  return {
    chainId,
    chainName: chain?.name ?? null,
    explorerUrl: chain?.blockExplorers?.default.url.replace(/\/$/, '') ?? null,
    contractAddress,
    contract: describeContract(contract),
    startBlock: startBlock === null ? null : String(startBlock),
    feedRetentionSeconds: config.feedRetentionSeconds,
    keepaliveSeconds: config.keepaliveSeconds,
  }
}

function describeContract(contract: Contract): Static<typeof ContractData> {
  return {
    name: contract.name,
    statuses: contract.statuses,
    fields: contract.fields.map(describeField),
    filters: contract.filters.map(({ name, test, fields, parameter }) => ({
      name,
      kind: test,
      fields: fields.map((field) => field.name),
      takes: parameter.takes,
    })),
    choice: contract.choice?.name ?? null,
    sum: contract.sum?.name ?? null,
  }
}

function describeField({ name, kind, nullable = false, role = false, decimals, unit, values, about }: Field) {
  return {
    ...{ name, kind, nullable, role },
    ...(decimals !== undefined && { decimals }),
    ...(unit !== undefined && { unit }),
    ...(values !== undefined && { values: [...values] }),
    ...(about !== undefined && { about }),
  }
}

async function statsOf({
  contract,
  readState,
  readTotals,
}: StatusOptions): Promise<Omit<Static<typeof StatsData>, 'streams'>> {
  const [at, { totals, hours }] = await Promise.all([readState(), readTotals()])
  const amountOf = amountsOf(contract)
  const byStatus = groupBy(totals, 'status')
  const byChoice = contract.choice ? groupBy(totals, contract.choice.name) : []
  const order = contract.statuses
  return {
    totalJobs: jobsOf(totals),
    totalAmount: amountOf(totals),
    byStatus: byStatus
      .map(([status, group]) => ({ status, jobs: jobsOf(group), amount: amountOf(group) }))
      .sort((a, b) => order.indexOf(a.status) - order.indexOf(b.status)),
    byChoice: byChoice.map(([choice, group]) => ({ choice, jobs: jobsOf(group), amount: amountOf(group) })),
    hours: hours.map((hour) => ({ ...hour, amount: amountOf([hour]) })),
    blockNumber: String(at.blockNumber ?? 0),
    finalizedBlockNumber: String(Math.min(at.blockNumber ?? 0, at.finalizedNumber ?? 0)),
    headBlockNumber: String(at.headNumber ?? 0),
    lagBlocks: lagBlocks(at),
    lagSeconds: lagSeconds(at),
    syncing: at.silent,
    timestamp: new Date().toISOString(),
  }
}

function groupBy(totals: Total[], field: string): [value: string, group: Total[]][] {
  const groups = new Map<string, Total[]>()
  for (const total of totals) {
    const value = String(total.kind[field])
    groups.set(value, [...(groups.get(value) ?? []), total])
  }
  return [...groups]
}

function jobsOf(totals: { jobs: number }[]): number {
  return totals.reduce((sum, { jobs }) => sum + jobs, 0)
}

/** Adds up amounts exactly; null if the contract's jobs may count in different units. */
function amountsOf({ sum }: Contract): (totals: { amount: string }[]) => string | null {
  if (!sum) return () => null
  const decimals = sum.decimals ?? 0
  const units = (amount: string) => {
    const [whole = '', fraction = ''] = amount.split('.')
    return BigInt(whole + fraction.padEnd(decimals, '0'))
  }
  return (totals) => {
    const digits = String(totals.reduce((all, { amount }) => all + units(amount), 0n)).padStart(
      decimals + 1,
      '0',
    )
    return decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`
  }
}

/** The chain's name and explorer. viem's list of all chains is 700 modules: loaded when first asked for, not by each start. */
async function findChain(id: number): Promise<Chain | undefined> {
  return Object.values(await import('viem/chains')).find((chain) => chain.id === id)
}
