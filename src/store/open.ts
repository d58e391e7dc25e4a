import type { Logger } from 'pino'
import type { Config } from '../config.ts'
import type { Contract } from '../contract/define.ts'
import { type Metrics, observeGauge } from '../observe/metrics.ts'
import type { Driver } from './database.ts'
import { CORE_CONNECTIONS } from './postgres.ts'
import { connectPostgres } from './reconnect.ts'
import { createStatementMonitor } from './statementMonitor.ts'

export type DatabaseOptions = Pick<Config, 'databaseUrl' | 'dataDir' | 'databaseConnections'>

/**
 * Returns the number of connections for the queries of clients: 1 for PGlite, which runs one query at a time.
 * A second query would wait inside PGlite, ahead of the indexer's statements.
 */
export function requestConnections({
  databaseUrl,
  databaseConnections,
}: Pick<DatabaseOptions, 'databaseUrl' | 'databaseConnections'>): number {
  return databaseUrl === undefined ? 1 : databaseConnections
}

/**
 * Opens the configured database for a contract. It also opens if Postgres does not answer; until it does,
 * each query rejects with UnavailableError.
 * @throws DatabaseError if this process must not use the database
 */
export async function openDriver(
  options: DatabaseOptions,
  contract: Contract,
  metrics: Pick<Metrics, 'registry' | 'databaseSeconds' | 'databaseErrors'>,
  log: Logger,
): Promise<Driver> {
  const { databaseUrl, dataDir } = options
  const connections = requestConnections(options)
  const statements = createStatementMonitor(metrics)
  observeGauge(
    metrics.registry,
    'jobcast_database_connections_max',
    'Greatest number of connections for statements.',
    () => (databaseUrl === undefined ? 1 : CORE_CONNECTIONS + connections),
  )
  if (databaseUrl !== undefined)
    return connectPostgres(databaseUrl, contract, { connections, statements, log })
  // On a slow machine a new database takes some 10 s.
  log.info(`opening the database in ${dataDir}`)
  // Imported here only, since it loads a whole Postgres.
  const { openPglite } = await import('./pglite.ts')
  const driver = await openPglite(dataDir, contract)
  return {
    ...driver,
    query: (text, params, queryOptions) =>
      statements.measure(driver.query(text, params, queryOptions), queryOptions),
    async close() {
      statements.close()
      await driver.close()
    },
  }
}
