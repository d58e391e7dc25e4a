import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { extractChain } from 'viem'
import * as chains from 'viem/chains'
import type { Config } from '../config.ts'
import { formatUsdc, parseUsdc } from '../job.ts'
import { lagSeconds, type Position, type Stats } from '../status.ts'
import { apiKeyParameter, errorAnswers } from './errors.ts'

/** The tallies are read at most this often, however many ask. */
const STATS_FRESH_MS = 1_000

export interface StatusOptions {
  config: Config
  readPosition(): Promise<Position>
  readStats(): Promise<Stats>
  streams(): number
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

/** `/api/v1/config` and `/api/v1/stats`. */
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
      const chain = chainId === null ? undefined : findChain(chainId)
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

function findChain(id: number): chains.Chain | undefined {
  return extractChain({ chains: Object.values(chains), id: id as never })
}
