import postgres from 'postgres'
import { expect, it, onTestFinished } from 'vitest'
import { OverloadedError } from '../../src/errors.ts'
import { createMetrics } from '../../src/observe/metrics.ts'
import { createStatementMonitor } from '../../src/store/statementMonitor.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'

it('a statement that Postgres cancels because it runs too long is distinguished from an unreachable database', async () => {
  const monitor = createStatementMonitor(createMetrics())
  onTestFinished(monitor.close)
  const sql = postgres(await createSharedDatabase(), { max: 1, connection: { statement_timeout: 50 } })
  onTestFinished(() => sql.end())
  const cancelled = monitor.measure(sql`select pg_sleep(10)`, { lane: 'requests' })
  await expect(cancelled).rejects.toThrow(OverloadedError)
  await expect(cancelled).rejects.toThrow('took too long')
})
