/**
 * Floor of the history: fastify and postgres.js send the JSON of the jobs as Postgres returns it. The
 * statement is the one that Jobcast sends for the same page, with fixed parameters, and prepared if Jobcast
 * prepares it. No validation, no filters, no CORS, no security headers, no limits.
 */
import fastify from 'fastify'
import postgres from 'postgres'
import { answer } from '../child.ts'

export interface Statement {
  text: string
  params: unknown[]
  prepare: boolean
  limit: number
}

/** Columns of the statement, in its order. */
type Row = [lastId: string, total: string, jobs: string, found: string, blockNumber: string, logIndex: number]

answer({ start })

/** @returns the base URL; each statement is served at `/NAME` */
async function start(task: { databaseUrl: string; pages: Record<string, Statement> }): Promise<string> {
  const json = { to: 114, from: [114], serialize: (text: string) => text, parse: (text: string) => text }
  const sql = postgres(task.databaseUrl, { max: 10, types: { json } })
  const app = fastify()
  for (const [name, { text, params, prepare, limit }] of Object.entries(task.pages))
    app.get(`/${name}`, async (_, reply) => {
      const rows = await sql.unsafe(text, params as never[], { prepare }).values()
      const [lastId, total, jobs, found, blockNumber, logIndex] = rows[0] as unknown as Row
      const next = Number(found) > limit ? `${blockNumber}-${logIndex}` : null
      const pagination = JSON.stringify({ page: 1, limit, total: Number(total), next })
      return reply
        .type('application/json; charset=utf-8')
        .send(`{"success":true,"data":[${jobs}],"pagination":${pagination},"lastEventId":"${lastId}"}`)
    })
  return app.listen({ host: '127.0.0.1', port: 0 })
}
