import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import {
  encodePlace,
  type HistoryPage,
  type HistoryQuery,
  historyParameters,
  parseHistoryQuery,
  TOTAL_LIMIT,
} from '../history.ts'
import type { Job } from '../job.ts'
import { apiKeyParameter, errorAnswers, sendError } from './errors.ts'

export interface JobsOptions {
  readHistory(query: HistoryQuery): Promise<HistoryPage>
  readJob(jobId: string): Promise<Job | null>
}

const Page = Type.Object(
  {
    success: Type.Literal(true),
    data: Type.Array(Type.Ref('Job')),
    pagination: Type.Object({
      page: Type.Integer({ examples: [1] }),
      limit: Type.Integer({ examples: [20] }),
      total: Type.Integer({
        description: `All jobs of the query. Exact for any filter of strategyType, verificationLevel and status. With clientId, a budget or a block range it is exact up to ${TOTAL_LIMIT}, and ${TOTAL_LIMIT + 1} means "more than ${TOTAL_LIMIT}".`,
        examples: [100],
      }),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'give it as cursor= for the next page; null on the last one',
        examples: ['2n9c-1'],
      }),
    }),
    lastEventId: Type.String({
      description: 'the position of the feed at the same instant: give it as lastEventId= to /api/v1/events',
      examples: ['1780000000000042'],
    }),
  },
  { description: 'one page' },
)

/** `GET /api/v1/jobs` and `/api/v1/jobs/:jobId`: the history of the public contract. */
export function jobsRoutes(plain: FastifyInstance, { readHistory, readJob }: JobsOptions): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>()

  app.get(
    '/api/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'The jobs indexed so far',
        description:
          'Ordered by block and log position. Follow pagination.next by cursor=: it costs the same at any depth and does not shift when jobs arrive.',
        tags: ['jobs'],
        querystring: Type.Object(
          { ...historyParameters, ...apiKeyParameter },
          { additionalProperties: false },
        ),
        response: { 200: Page, ...errorAnswers() },
      },
    },
    async (request) => {
      const query = parseHistoryQuery(request.query)
      const { jobs, total, next, lastId } = await readHistory(query)
      return {
        success: true as const,
        data: jobs,
        pagination: {
          page: request.query.page,
          limit: query.limit,
          total,
          next: next && encodePlace(next),
        },
        lastEventId: String(lastId),
      }
    },
  )

  app.get(
    '/api/v1/jobs/:jobId',
    {
      schema: {
        operationId: 'getJob',
        summary: 'One job',
        tags: ['jobs'],
        params: Type.Object({
          jobId: Type.String({
            pattern: '^[0-9]{1,78}$',
            description: 'a uint256 in decimal',
            examples: ['42'],
          }),
        }),
        querystring: Type.Object(apiKeyParameter, { additionalProperties: false }),
        response: {
          200: Type.Object(
            { success: Type.Literal(true), data: Type.Ref('Job') },
            { description: 'the job' },
          ),
          ...errorAnswers('NOT_FOUND'),
        },
      },
    },
    async (request, reply) => {
      const job = await readJob(request.params.jobId)
      if (!job) return sendError(reply, 'NOT_FOUND', `there is no job ${request.params.jobId}`)
      return { success: true as const, data: job }
    },
  )
}
