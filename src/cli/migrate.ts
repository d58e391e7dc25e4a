import type { Config } from '../config.ts'
import type { OpenedDriver } from '../store/database.ts'
import { type Command, parseCommand } from './command.ts'
import { configureDatabase, withDatabaseErrors } from './configure.ts'

/** `jobcast migrate` */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'migrate the database to this version, and exit',
  async run(args) {
    parseCommand('migrate', { args })
    const driver = await openDriverFor(configureDatabase())
    await driver.close()
    console.log(driver.migrated ? 'the database was migrated to this version' : 'the database is up to date')
  },
}

/** Opens the database, which migrates it. */
async function openDriverFor({ databaseUrl, dataDir, contract: name }: Config): Promise<OpenedDriver> {
  const { loadContract } = await import('../contract/load.ts')
  const contract = await loadContract(name)
  if (databaseUrl === undefined) {
    const { openPglite } = await import('../store/pglite.ts')
    return openPglite(dataDir, contract)
  }
  const { openPostgres } = await import('../store/postgres.ts')
  return withDatabaseErrors(() => openPostgres(databaseUrl, contract))
}
