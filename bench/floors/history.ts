/**
 * The bare history: fastify and postgres.js with the statement that Jobcast sends for the same page, its parameters fixed.
 * No validation, no filter language, no CORS, no security headers, no limits, no schema of the answer.
 */
import fastify from 'fastify'
import postgres from 'postgres'
import { answer } from '../child.ts'

export interface Statement {
  text: string
  params: unknown[]
  limit: number
}

answer({ start })

const strategies = ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL']

/** @returns where the pages are: `/NAME` for each statement */
async function start(task: { databaseUrl: string; pages: Record<string, Statement> }): Promise<string> {
  const sql = postgres(task.databaseUrl, { max: 10 })
  const app = fastify()
  for (const [name, { text, params, limit }] of Object.entries(task.pages))
    app.get(`/${name}`, async () => {
      const rows = await sql.unsafe(text, params as never[], { prepare: true })
      const last = rows[limit - 1]
      return {
        success: true,
        data: rows.slice(0, limit).map((row) => ({
          jobId: row.job_id,
          status: 'OPEN',
          clientId: row.client_id,
          strategyType: strategies[row.strategy_type],
          verificationLevel: row.verification_level,
          budget: `${row.budget.slice(0, -6)}.${row.budget.slice(-6)}`,
          onchainDeadline: row.deadline,
          onchainCreatedAt: row.block_timestamp,
          creationTxHash: row.transaction_hash,
          blockNumber: row.block_number,
          title: null,
          description: null,
        })),
        pagination: {
          page: 1,
          limit,
          total: Number(rows[0]?.total),
          next: rows.length > limit ? `${last?.block_number}-${last?.log_index}` : null,
        },
        lastEventId: rows[0]?.last_id,
      }
    })
  return app.listen({ host: '127.0.0.1', port: 0 })
}
