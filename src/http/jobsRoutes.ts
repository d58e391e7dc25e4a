import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { readValue } from '../contract/filters.ts'
import { type HistoryQuery, readHistory, TOTAL_LIMIT } from '../store/history.ts'
import { readJob } from '../store/lifecycle.ts'
import type { Admission } from './admission.ts'
import { apiKeyParameter, KeyQuery } from './auth.ts'
import { coalesce } from './coalesce.ts'
import type { ServerDependencies } from './dependencies.ts'
import { dataResponses, errorResponses, sendError } from './errors.ts'
import { assertPlainNumbers, encodeCursor, historyParameters, parseHistoryQuery } from './historyQuery.ts'
import type { Instance } from './instance.ts'
import { exampleJob, jobSchema } from './jobSchema.ts'

const HistoryAnswer = Type.Object(
  {
    success: Type.Literal(true),
    data: Type.Array(Type.Ref('Job')),
    pagination: Type.Object({
      page: Type.Integer({ description: 'the page requested; 1 with cursor', examples: [1] }),
      limit: Type.Integer({ examples: [20] }),
      total: Type.Integer({
        description: `Number of jobs on all pages. Exact if the query has neither a block range nor a filter other than status and choices; otherwise exact up to ${TOTAL_LIMIT}, and ${TOTAL_LIMIT + 1} means "more than ${TOTAL_LIMIT}".`,
        examples: [100],
      }),
      next: Type.Union([Type.String(), Type.Null()], {
        description: 'pass it as cursor= to get the next page; null on the last one',
        examples: ['2n9c-1'],
      }),
    }),
    lastEventId: Type.String({
      description: 'position of the feed in the same snapshot: pass it as lastEventId= to /api/v1/events',
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
  { description: 'the logs that created or changed the job, oldest first' },
)

/** `GET /api/v1/jobs`, the history, and `GET /api/v1/jobs/:jobId`, one job with its lifecycle. */
export function jobsRoutes(app: Instance, admission: Admission, dependencies: ServerDependencies): void {
  historyRoute(app, admission, dependencies)
  jobRoute(app, admission, dependencies)
}

/**
 * Returns a preParsing hook: if the address has too many queries, its request is refused with 503 before it is
 * validated. preParsing runs after the rate limit, so the limit counts the refused requests too.
 */
function admissionHook(admission: Admission) {
  return async ({ addressKey }: FastifyRequest) => admission.assertNotFull(addressKey)
}

function historyRoute(
  app: Instance,
  admission: Admission,
  { contract, requestDb }: ServerDependencies,
): void {
  const readShared = coalesce((query: HistoryQuery) => readHistory(requestDb, contract, query))
  const parameters = { ...historyParameters(contract.filters), ...apiKeyParameter }
  // Typed as unknown, since the body is sent as text and not as an object.
  const response: Record<number, unknown> = { 200: HistoryAnswer, ...errorResponses() }
  const schema = {
    operationId: 'listJobs',
    summary: 'The jobs indexed so far',
    description:
      'Ordered by block and log position. Pass pagination.next as cursor= to read on: it costs the same at any depth and does not shift when jobs arrive.',
    tags: ['jobs'],
    querystring: Type.Object(parameters, { additionalProperties: false }),
    response,
  }
  app.get(
    '/api/v1/jobs',
    {
      schema,
      preParsing: admissionHook(admission),
      preValidation: async ({ query }) => assertPlainNumbers(query),
    },
    async ({ query, addressKey }, reply) => {
      const historyQuery = parseHistoryQuery(contract.filters, query)
      const { jobs, total, next, lastId } = await admission.run(addressKey, () => readShared(historyQuery))
      const { page, limit } = query
      const pagination = JSON.stringify({ page, limit, total, next: next && encodeCursor(next) })
      // `jobs` is JSON already.
      const body = `{"success":true,"data":[${jobs}],"pagination":${pagination},"lastEventId":"${lastId}"}`
      return reply.type('application/json; charset=utf-8').send(body)
    },
  )
}

function jobRoute(app: Instance, admission: Admission, { contract, requestDb }: ServerDependencies): void {
  const { idParameter } = contract
  const JobData = Type.Object({ ...jobSchema(contract).properties, lifecycle: Lifecycle })
  // Typed as unknown, since the fields of a job depend on the contract.
  const response: Record<number, unknown> = dataResponses(JobData, 'the job', 'NOT_FOUND')
  const schema = {
    operationId: 'getJob',
    summary: 'One job with its lifecycle',
    description:
      'The lifecycle has each log that created or changed the job. If the contract used an id twice, the latest job is returned.',
    tags: ['jobs'],
    params: Type.Object({
      jobId: Type.String({
        pattern: `^${idParameter.pattern}$`,
        description: "a job's id, in the form of the job object",
        examples: [exampleJob(contract).jobId],
      }),
    }),
    querystring: KeyQuery,
    response,
  }
  app.get(
    '/api/v1/jobs/:jobId',
    { schema, preParsing: admissionHook(admission) },
    async ({ params, addressKey }, reply) => {
      const jobId = readValue('jobId', params.jobId, idParameter)
      const found = await admission.run(addressKey, () => readJob(requestDb, contract, jobId))
      if (!found) return sendError(reply, 'NOT_FOUND', `there is no job ${jobId}`)
      return reply.send({ success: true, data: { ...found.job, lifecycle: found.lifecycle } })
    },
  )
}
