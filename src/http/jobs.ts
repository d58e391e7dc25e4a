import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import type { Contract } from '../contract/define.ts'
import { canonical } from '../contract/filters.ts'
import type { Job } from '../contract/job.ts'
import { type HistoryPage, type HistoryQuery, TOTAL_LIMIT } from '../store/history.ts'
import type { LifecycleEntry } from '../store/lifecycle.ts'
import { addressKey } from './address.ts'
import type { Admission } from './admission.ts'
import { apiKeyParameter, errorAnswers, sendError } from './errors.ts'
import { assertPlainNumbers, encodePosition, historyParameters, parseHistoryQuery } from './historyQuery.ts'
import { exampleJob, jobSchema } from './jobSchema.ts'

export interface JobsOptions {
  contract: Contract
  admit: Admission
  readHistory(query: HistoryQuery): Promise<HistoryPage>
  readJob(jobId: string): Promise<{ job: Job; lifecycle: LifecycleEntry[] } | null>
}

const Page = Type.Object(
  {
    success: Type.Literal(true),
    data: Type.Array(Type.Ref('Job')),
    pagination: Type.Object({
      page: Type.Integer({ examples: [1] }),
      limit: Type.Integer({ examples: [20] }),
      total: Type.Integer({
        description: `All jobs of the query. Exact for any filter of status and choices alone; otherwise exact up to ${TOTAL_LIMIT}, and ${TOTAL_LIMIT + 1} means "more than ${TOTAL_LIMIT}".`,
        examples: [100],
      }),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'give it as cursor= for the next page; null on the last one',
        examples: ['2n9c-1'],
      }),
    }),
    lastEventId: Type.String({
      description: 'position of the feed in the same snapshot: give it as lastEventId= to /api/v1/events',
      examples: ['1780000000000042'],
    }),
  },
  { description: 'one page' },
)

const Lifecycle = Type.Array(
  Type.Object({
    event: Type.String({ examples: ['JobCreated'] }),
    status: Type.String({ description: 'status of the job after the event', examples: ['OPEN'] }),
    timestamp: Type.String({ description: 'unix seconds of the block', examples: ['1780000000'] }),
    txHash: Type.String({ examples: [`0x${'ab'.repeat(32)}`] }),
    blockNumber: Type.String({ examples: ['123456'] }),
  }),
  { description: 'what happened to the job, oldest first' },
)

/** `GET /api/v1/jobs` and `/api/v1/jobs/:jobId`: the history of the public contract (API.md, "history"). */
export function jobsRoutes(plain: FastifyInstance, options: JobsOptions): void {
  historyRoute(plain, options)
  jobRoute(plain, options)
}

function historyRoute(plain: FastifyInstance, { contract, admit, readHistory }: JobsOptions): void {
  const parameters = historyParameters(contract.filters)
  plain.withTypeProvider<TypeBoxTypeProvider>().get(
    '/api/v1/jobs',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'The jobs indexed so far',
        description:
          'Ordered by block and log position. Follow pagination.next by cursor=: it costs the same at any depth and does not shift when jobs arrive.',
        tags: ['jobs'],
        querystring: Type.Object({ ...parameters, ...apiKeyParameter }, { additionalProperties: false }),
        response: { 200: Page, ...errorAnswers() },
      },
      preValidation: async ({ query }) => assertPlainNumbers(query),
    },
    async ({ query, ip }, reply) => {
      const asked = parseHistoryQuery(contract.filters, query)
      const { jobs, total, next, lastId } = await admit(addressKey(ip), () => readHistory(asked))
      const pagination = { page: query.page, limit: asked.limit, total, next: next && encodePosition(next) }
      // The jobs are JSON already.
      const body = `{"success":true,"data":[${jobs}],"pagination":${JSON.stringify(pagination)},"lastEventId":"${lastId}"}`
      return reply.type('application/json; charset=utf-8').send(body as never)
    },
  )
}

function jobRoute(plain: FastifyInstance, { contract, admit, readJob }: JobsOptions): void {
  const [id] = contract.fields
  plain.withTypeProvider<TypeBoxTypeProvider>().get(
    '/api/v1/jobs/:jobId',
    {
      schema: {
        operationId: 'getJob',
        summary: 'One job and what happened to it',
        description:
          'With its lifecycle: each log of the chain that created or changed it. Of an id that the contract used twice, the latest job.',
        tags: ['jobs'],
        params: Type.Object({
          jobId: Type.String({
            pattern: `^${id?.equals?.pattern}$`,
            description: "a job's id as the job object has it",
            examples: [exampleJob(contract).jobId],
          }),
        }),
        querystring: Type.Object(apiKeyParameter, { additionalProperties: false }),
        response: {
          200: Type.Object(
            {
              success: Type.Literal(true),
              data: Type.Object({ ...jobSchema(contract).properties, lifecycle: Lifecycle }),
            },
            { description: 'the job' },
          ),
          ...errorAnswers('NOT_FOUND'),
        },
      },
    },
    async ({ params, ip }, reply) => {
      const [jobId = params.jobId] = id?.equals ? canonical('jobId', [params.jobId], id.equals) : []
      const found = await admit(addressKey(ip), () => readJob(jobId))
      if (!found) return sendError(reply, 'NOT_FOUND', `there is no job ${jobId}`)
      return { success: true as const, data: { ...found.job, lifecycle: found.lifecycle } as never }
    },
  )
}
