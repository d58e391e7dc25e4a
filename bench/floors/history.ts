/**
 * The bare history: fastify and postgres.js with the statement that Jobcast sends for the same page, its parameters fixed,
 * prepared where Jobcast prepares it, and the JSON of the jobs sent as it comes. No validation, no filter language, no
 * CORS, no security headers, no limits.
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

/** @returns where the pages are: `/NAME` for each statement */
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
