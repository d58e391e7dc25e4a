import { createDatabase, type Database, type Driver } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import type { ModelDefinition } from './definition.ts'
import { erc8183Model } from './erc8183.ts'
import { jobRegistryModel } from './jobRegistry.ts'

/** A real database of one definition. Schedules use it one after another. */
export interface Store {
  definition: ModelDefinition
  driver: Driver
  /** the database without faults and gates */
  db: Database
  /** number of schedules played on it */
  played: number
}

const definitions = { jobRegistry: jobRegistryModel, erc8183: erc8183Model }
export type DefinitionName = keyof typeof definitions
export type Stores = Record<DefinitionName, Store>

/**
 * Opens a database for each definition.
 * @param createEmpty creates an empty database and resolves with its URL
 */
export async function openStores(
  createEmpty: () => Promise<string>,
): Promise<Stores & { close(): Promise<void> }> {
  const open = async (definition: ModelDefinition): Promise<Store> => {
    const url = await createEmpty()
    const driver = await openPostgres(url, definition.contract, { connections: 3 })
    return { definition, driver, db: createDatabase(driver), played: 0 }
  }
  const [jobRegistry, erc8183] = [await open(definitions.jobRegistry), await open(definitions.erc8183)]
  return {
    jobRegistry,
    erc8183,
    async close() {
      await Promise.all([jobRegistry.driver.close(), erc8183.driver.close()])
    },
  }
}
