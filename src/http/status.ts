import type { FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'
import type { Chain } from 'viem'
import type { Config } from '../config.ts'
import { formatUsdc, parseUsdc } from '../job.ts'
import { lagBlocks, lagSeconds, type Position, type Stats } from '../status.ts'
import { apiKeyParameter, errorAnswers } from './errors.ts'
import { remember } from './remember.ts'

/** The tallies are read at most this often, however many ask. */
const STATS_FRESH_MS = 1_000

export interface StatusOptions {
  config: Config
  readPosition(): Promise<Position>
  readStats(): Promise<Stats>
  streams(): number
}

const querystring = Type.Object(apiKeyParameter, { additionalProperties: false })
const orNull = <T extends Parameters<typeof Type.Union>[0][number]>(type: T, options: object = {}) =>
  Type.Union([type, Type.Null()], { description: 'null before the chain was reached', ...options })

const ConfigData = Type.Object({
  chainId: orNull(Type.Integer(), { examples: [1] }),
  chainName: orNull(Type.String(), { description: 'where the chain is known', examples: ['Ethereum'] }),
  explorerUrl: orNull(Type.String(), {
    description: "the chain's block explorer, where it is known",
    examples: ['https://etherscan.io'],
  }),
  contractAddress: orNull(Type.String(), { examples: [`0x${'12'.repeat(20)}`] }),
  startBlock: orNull(Type.String(), { examples: ['1000'] }),
  feedRetentionSeconds: Type.Integer({ description: '0: streams cannot be resumed', examples: [3600] }),
  keepaliveSeconds: Type.Integer({ description: 'of silence before a ping', examples: [30] }),
})

const tally = {
  strategyType: Type.String({ examples: ['PROGRAM'] }),
  jobs: Type.Integer({ examples: [12] }),
  budget: Type.String({ description: 'USDC with 6 fraction digits', examples: ['1200.000000'] }),
}

const StatsData = Type.Object({
  totalJobs: Type.Integer({ examples: [12] }),
  totalBudget: Type.String({ description: 'USDC with 6 fraction digits', examples: ['1200.000000'] }),
  byStrategy: Type.Array(Type.Object(tally), {
    description: 'of all time; strategies without jobs are left out',
  }),
  hours: Type.Array(
    Type.Object({
      hour: Type.String({ description: 'unix seconds of its beginning', examples: ['1780002000'] }),
      ...tally,
    }),
    { description: 'the last 7 days of chain time, oldest first; hours without jobs are left out' },
  ),
  blockNumber: Type.String({ description: 'the block indexed last', examples: ['123456'] }),
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

const answer = <T extends Parameters<typeof Type.Array>[0]>(data: T, description: string) =>
  Type.Object({ success: Type.Literal(true), data }, { description })

/** `/api/v1/config` and `/api/v1/stats`. */
export function statusRoutes(app: FastifyInstance, options: StatusOptions): void {
  const readConfig = remember(() => describe(options), STATS_FRESH_MS)
  const readStats = remember(() => summarize(options), STATS_FRESH_MS)

  app.get(
    '/api/v1/config',
    {
      schema: {
        operationId: 'getConfig',
        summary: 'What is indexed',
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

async function describe({ config, readPosition }: StatusOptions): Promise<Static<typeof ConfigData>> {
  const { chainId, contract, startBlock } = await readPosition()
  const chain = chainId === null ? undefined : await findChain(chainId)
  return {
    chainId,
    chainName: chain?.name ?? null,
    explorerUrl: chain?.blockExplorers?.default.url.replace(/\/$/, '') ?? null,
    contractAddress: contract,
    startBlock: startBlock === null ? null : String(startBlock),
    feedRetentionSeconds: config.feedRetentionSeconds,
    keepaliveSeconds: config.keepaliveSeconds,
  }
}

async function summarize({
  readPosition,
  readStats,
}: StatusOptions): Promise<Omit<Static<typeof StatsData>, 'streams'>> {
  const [at, { byStrategy, hours }] = await Promise.all([readPosition(), readStats()])
  const budget = byStrategy.reduce((sum, each) => sum + BigInt(parseUsdc(each.budget)), 0n)
  return {
    totalJobs: byStrategy.reduce((sum, each) => sum + each.jobs, 0),
    totalBudget: formatUsdc(String(budget)),
    byStrategy,
    hours,
    blockNumber: String(at.blockNumber ?? 0),
    headBlockNumber: String(at.headNumber ?? 0),
    lagBlocks: lagBlocks(at),
    lagSeconds: lagSeconds(at),
    syncing: at.silent,
    timestamp: new Date().toISOString(),
  }
}

/** The chain's name and explorer. viem's list of all chains is 700 modules: loaded when first asked for, not by each start. */
async function findChain(id: number): Promise<Chain | undefined> {
  return Object.values(await import('viem/chains')).find((chain) => chain.id === id)
}
