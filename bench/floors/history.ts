/**
 * The bare history: fastify and postgres.js with the statement that Jobcast sends for the same page, its parameters fixed,
 * prepared where Jobcast prepares it, and the stored JSON of the jobs joined as it is. No validation, no filter language, no
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
type Row = [lastId: string, total: string, blockNumber: string, logIndex: number, data: string]

answer({ start })

/** @returns where the pages are: `/NAME` for each statement */
async function start(task: { databaseUrl: string; pages: Record<string, Statement> }): Promise<string> {
  const json = { to: 114, from: [114], serialize: (text: string) => text, parse: (text: string) => text }
  const sql = postgres(task.databaseUrl, { max: 10, types: { json } })
  const app = fastify()
  for (const [name, { text, params, prepare, limit }] of Object.entries(task.pages))
    app.get(`/${name}`, async (_, reply) => {
      const rows = (await sql.unsafe(text, params as never[], { prepare }).values()) as unknown as Row[]
      const [first, last] = [rows[0], rows[limit - 1]]
      const pagination = {
        page: 1,
        limit,
        total: Number(first?.[1]),
        next: rows.length > limit ? `${last?.[2]}-${last?.[3]}` : null,
      }
      const data = rows.slice(0, limit).map((row) => row[4])
      return reply
        .type('application/json; charset=utf-8')
        .send(
          `{"success":true,"data":[${data.join(',')}],"pagination":${JSON.stringify(pagination)},"lastEventId":"${first?.[0]}"}`,
        )
    })
  return app.listen({ host: '127.0.0.1', port: 0 })
}
