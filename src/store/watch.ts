import type { Database } from './database.ts'

export interface Watcher {
  began(): void
  ended(seconds: number, failed: boolean): void
}

/** The same database, with each statement reported. */
export function watchDatabase(db: Database, watcher: Watcher): Database {
  return {
    ...db,
    async rows(query, options) {
      const start = performance.now()
      let failed = true
      watcher.began()
      try {
        const rows = await db.rows(query, options)
        failed = false
        return rows
      } finally {
        watcher.ended((performance.now() - start) / 1000, failed)
      }
    },
  }
}
