import { existsSync, statSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { getTableName } from 'drizzle-orm'
import type postgres from 'postgres'
import { ConfigError } from '../config.ts'
import { DatabaseError } from '../errors.ts'
import { withFolderErrors } from './folder.ts'
import { lockFolder } from './lock.ts'
import { JOURNAL } from './migrations.ts'
import type { DatabaseOptions } from './open.ts'
import { applicationName, onConnection } from './postgres.ts'
import * as schema from './schema.ts'

/** All tables that any version of Jobcast created. */
const ALL_TABLES = [...Object.values(schema).map(getTableName), 'malformed_logs', JOURNAL]

/**
 * Deletes everything that was indexed. The next start indexes from scratch, and its feed ids are greater than
 * all before.
 * @throws DatabaseError if a running process uses the database or a Postgres refuses, ConfigError if DATA_DIR
 * is not a folder, or cannot be written to, and the driver's error if a Postgres does not answer
 */
export async function resetDatabase({
  databaseUrl,
  dataDir,
}: Pick<DatabaseOptions, 'databaseUrl' | 'dataDir'>): Promise<void> {
  if (databaseUrl === undefined) return withFolderErrors(dataDir, () => resetFolder(dataDir))
  await onConnection(databaseUrl, (sql) => sql.begin(dropTables))
}

async function resetFolder(dataDir: string): Promise<void> {
  if (!statSync(dataDir, { throwIfNoEntry: false })?.isDirectory())
    throw new ConfigError(`DATA_DIR is "${dataDir}", and there is no such folder: nothing was deleted.`)
  const database = `${dataDir}/pglite`
  if (!existsSync(database)) return
  const lock = await lockFolder(dataDir)
  try {
    await rm(database, { recursive: true, force: true })
  } finally {
    await lock.release()
  }
}

/**
 * Drops Jobcast's tables in the current schema. Those in other schemas may belong to another installation.
 */
async function dropTables(tx: postgres.TransactionSql): Promise<void> {
  const [{ schema, isOurs }] = await tx<[{ schema: string; isOurs: boolean }]>`
    select current_schema()::text as schema, exists (
      select from pg_tables where schemaname = current_schema() and tablename in ('cursor', ${JOURNAL})) as "isOurs"`
  const [{ count }] = await tx<[{ count: number }]>`
    select count(*)::int as count from pg_stat_activity
    where application_name = ${applicationName(schema)} and datname = current_database()`
  if (count > 0)
    throw new DatabaseError(
      `Open connections of Jobcast to this database: ${count}. Stop its processes first.`,
    )
  // Without a cursor or a journal, tables with these names belong to another program.
  if (!isOurs) return
  for (const table of ALL_TABLES) await tx`drop table if exists ${tx(schema)}.${tx(table)}`
}
