import { rm } from 'node:fs/promises'
import postgres from 'postgres'
import { lockFolder } from './lock.ts'

const tables = ['jobs', 'malformed_logs', 'feed', 'blocks', 'totals', 'hours', 'cursor']

/**
 * Forgets all that was indexed; the next start indexes anew, with feed ids that go on growing.
 * @throws DatabaseError where a living process holds the embedded database
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
    await sql.begin(async (tx) => {
      for (const table of tables) await tx`drop table if exists ${tx(table)}`
      await tx`drop schema if exists drizzle cascade`
    })
  } finally {
    await sql.end({ timeout: 5 })
  }
}
