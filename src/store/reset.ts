import { rm } from 'node:fs/promises'
import postgres from 'postgres'
import { DatabaseError } from './database.ts'
import { lockFolder } from './lock.ts'
import { APPLICATION } from './postgres.ts'

const tables = ['jobs', 'malformed_logs', 'feed', 'blocks', 'totals', 'hours', 'cursor']

/**
 * Forgets all that was indexed; the next start indexes anew, with feed ids that go on growing.
 * @throws DatabaseError where a living process uses it, and the driver's error where a Postgres does not answer
 */
export async function resetDatabase({
  databaseUrl,
  dataDir,
}: {
  databaseUrl: string | undefined
  dataDir: string
}) {
  if (databaseUrl === undefined) {
    const unlock = await lockFolder(dataDir)
    await rm(`${dataDir}/pglite`, { recursive: true, force: true })
    await unlock()
    return
  }
  const sql = postgres(databaseUrl, { max: 1, connect_timeout: 10, onnotice: () => {} })
  try {
    const [others] = await sql`
      select count(*)::int as count from pg_stat_activity
      where application_name = ${APPLICATION} and datname = current_database()`
    if (others?.count > 0)
      throw new DatabaseError(
        `${others?.count} connections of Jobcast are open to this database. Stop its processes first.`,
      )
    await sql.begin(async (tx) => {
      for (const table of tables) await tx`drop table if exists ${tx(table)}`
      await tx`drop schema if exists drizzle cascade`
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}
