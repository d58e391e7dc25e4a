import type { Driver } from './database.ts'

export interface Watcher {
  began(): void
  ended(seconds: number, failed: boolean): void
}

/** The same driver, with each statement reported. */
export function watchDriver(driver: Driver, watcher: Watcher): Driver {
  return {
    ...driver,
    async query(text, params, options) {
      const start = performance.now()
      let failed = true
      watcher.began()
      try {
        const rows = await driver.query(text, params, options)
        failed = false
        return rows
      } finally {
        watcher.ended((performance.now() - start) / 1000, failed)
      }
    },
  }
}
