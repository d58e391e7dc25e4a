import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Chain } from 'viem'
import type { Config } from '../config.ts'
import { UnavailableError } from '../errors.ts'
import { formatUsdc, parseUsdc } from '../job.ts'
import { lagSeconds, type Position, type Stats, staleness } from '../status.ts'
import { apiKeyParameter, errorAnswers } from './errors.ts'

/** The tallies are read at most this often, however many ask. */
const STATS_FRESH_MS = 1_000

export interface StatusOptions {
  config: Config
  readPosition(): Promise<Position>
  readStats(): Promise<Stats>
  streams(): number
  /** why this process's indexer does not index; undefined where it does, or where another process is to */
  indexerFault(): string | undefined
}

const querystring = Type.Object(apiKeyParameter, { additionalProperties: false })

const ConfigAnswer = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({
    chainId: Type.Union([Type.Integer(), Type.Null()], { description: 'null before the chain was reached' }),
    chainName: Type.Union([Type.String(), Type.Null()]),
    explorerUrl: Type.Union([Type.String(), Type.Null()]),
    contractAddress: Type.Union([Type.String(), Type.Null()]),
    startBlock: Type.Union([Type.String(), Type.Null()]),
    feedRetentionSeconds: Type.Integer(),
    keepaliveSeconds: Type.Integer(),
  }),
})

const tally = {
  strategyType: Type.String(),
  jobs: Type.Integer(),
  budget: Type.String({ description: 'USDC with 6 fraction digits' }),
}

const StatsAnswer = Type.Object({
  success: Type.Literal(true),
  data: Type.Object({
    totalJobs: Type.Integer(),
    totalBudget: Type.String({ description: 'USDC with 6 fraction digits' }),
    byStrategy: Type.Array(Type.Object(tally)),
    hours: Type.Array(
      Type.Object({ hour: Type.String({ description: 'unix seconds of its beginning' }), ...tally }),
      { description: 'the last 7 days of chain time, oldest first; hours without jobs are left out' },
    ),
    blockNumber: Type.String(),
    headBlockNumber: Type.String(),
    lagBlocks: Type.Integer(),
    lagSeconds: Type.Integer(),
    syncing: Type.Boolean({
      description: "true while the contract's past is indexed for the first time: jobs are missing",
    }),
    streams: Type.Integer({ description: 'open streams of the process that answers' }),
    timestamp: Type.String(),
  }),
})

/** `/api/v1/config`, `/api/v1/stats`, `/health` and `/ready`. */
export function statusRoutes(app: FastifyInstance, options: StatusOptions): void {
  const { config } = options
  const stats = remember(() => Promise.all([options.readPosition(), options.readStats()]), STATS_FRESH_MS)
  const position = options.readPosition

  app.get(
    '/api/v1/config',
    {
      schema: {
        summary: 'What is indexed',
        tags: ['status'],
        querystring,
        response: { 200: ConfigAnswer, ...errorAnswers },
      },
    },
    async () => {
      const { chainId, contract, startBlock } = await position()
      const chain = chainId === null ? undefined : await findChain(chainId)
      return {
        success: true,
        data: {
          chainId,
          chainName: chain?.name ?? null,
          explorerUrl: chain?.blockExplorers?.default.url.replace(/\/$/, '') ?? null,
          contractAddress: contract,
          startBlock: startBlock === null ? null : String(startBlock),
          feedRetentionSeconds: config.feedRetentionSeconds,
          keepaliveSeconds: config.keepaliveSeconds,
        },
      }
    },
  )

  app.get(
    '/api/v1/stats',
    {
      schema: {
        summary: 'Totals, a series by hour, and how fresh the index is',
        tags: ['status'],
        querystring,
        response: { 200: StatsAnswer, ...errorAnswers },
      },
    },
    async () => {
      const [at, { byStrategy, hours }] = await stats()
      const budget = byStrategy.reduce((sum, each) => sum + BigInt(parseUsdc(each.budget)), 0n)
      return {
        success: true,
        data: {
          totalJobs: byStrategy.reduce((sum, each) => sum + each.jobs, 0),
          totalBudget: formatUsdc(String(budget)),
          byStrategy,
          hours,
          blockNumber: String(at.blockNumber ?? 0),
          headBlockNumber: String(at.headNumber ?? 0),
          lagBlocks: Math.max(0, (at.headNumber ?? 0) - (at.blockNumber ?? 0)),
          lagSeconds: lagSeconds(at),
          syncing: at.silent,
          streams: options.streams(),
          timestamp: new Date().toISOString(),
        },
      }
    },
  )

  app.get('/health', { schema: { summary: 'The process lives', tags: ['operation'] } }, async () => ({
    status: 'ok',
  }))

  app.get(
    '/ready',
    { schema: { summary: 'Database reachable and index fresh', tags: ['operation'] } },
    async (_request, reply) => {
      const reason = await whyNotReady()
      if (reason === undefined) return { status: 'ready' }
      return reply.code(503).header('retry-after', 5).send({ status: 'not ready', reason })
    },
  )

  async function whyNotReady(): Promise<string | undefined> {
    try {
      const at = await position()
      return options.indexerFault() ?? staleness(at, config.maxLagSeconds, Date.now() / 1000)
    } catch (error) {
      if (error instanceof UnavailableError) return 'the database is out of reach'
      throw error
    }
  }
}

/** Shares one answer among all who ask within `ms`; a failure is not remembered. */
function remember<T>(read: () => Promise<T>, ms: number): () => Promise<T> {
  let answer: Promise<T> | undefined
  let readAt = 0
  return () => {
    if (answer === undefined || performance.now() - readAt > ms) {
      readAt = performance.now()
      answer = read()
      answer.catch(() => {
        answer = undefined
      })
    }
    return answer
  }
}

/** The chain's name and explorer. viem's list of all chains is 700 modules: loaded when first asked for, not by each start. */
async function findChain(id: number): Promise<Chain | undefined> {
  return Object.values(await import('viem/chains')).find((chain) => chain.id === id)
}
