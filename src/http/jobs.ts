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

const Page = Type.Object({
  success: Type.Literal(true),
  data: Type.Array(Type.Ref('Job')),
  pagination: Type.Object({
    page: Type.Integer(),
    limit: Type.Integer(),
    total: Type.Integer({
      description: `All jobs of the query. Exact for any filter of strategyType, verificationLevel and status. With clientId, a budget or a block range it is exact up to ${TOTAL_LIMIT}, and ${TOTAL_LIMIT + 1} means "more than ${TOTAL_LIMIT}".`,
      examples: [100],
    }),
    next: Type.Union([Type.String(), Type.Null()], {
      description: 'give it as cursor= for the next page; null on the last one',
    }),
  }),
  lastEventId: Type.String({
    description: 'the position of the feed at the same instant: give it as lastEventId= to /api/v1/events',
  }),
})

/** `GET /api/v1/jobs` and `/api/v1/jobs/:jobId`: the history of the public contract. */
export function jobsRoutes(plain: FastifyInstance, { readHistory, readJob }: JobsOptions): void {
  const app = plain.withTypeProvider<TypeBoxTypeProvider>()

  app.get(
    '/api/v1/jobs',
    {
      schema: {
        summary: 'The jobs indexed so far',
        tags: ['jobs'],
        querystring: Type.Object(
          { ...historyParameters, ...apiKeyParameter },
          { additionalProperties: false },
        ),
        response: { 200: Page, ...errorAnswers },
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
        summary: 'One job',
        tags: ['jobs'],
        params: Type.Object({
          jobId: Type.String({ pattern: '^[0-9]{1,78}$', description: 'a uint256 in decimal' }),
        }),
        querystring: Type.Object(apiKeyParameter, { additionalProperties: false }),
        response: {
          200: Type.Object({ success: Type.Literal(true), data: Type.Ref('Job') }),
          404: Type.Ref('Error'),
          ...errorAnswers,
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
