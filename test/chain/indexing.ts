import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import { onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { createConverge } from '../../src/indexer/converge.ts'
import type { Outcome } from '../../src/indexer/indexing.ts'
import { runIndexer } from '../../src/indexer/run.ts'
import { createDatabase } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { type IndexState, readState } from '../../src/store/state.ts'

export interface Indexing {
  indexer: ReturnType<typeof runIndexer>
  readState(): Promise<IndexState>
  /** Everything it logged, a JSON line each. */
  lines: string[]
}

/** An indexer on a Postgres, without the rest of the service; it ends with the test. */
export async function startIndexing(options: {
  url: string
  /** lower-case hex */
  address: `0x${string}`
  databaseUrl: string
  /** instead of the indexer's own */
  step?: () => Promise<Outcome>
}): Promise<Indexing> {
  const { url, databaseUrl } = options
  const address = options.address.toLowerCase() as `0x${string}`
  const driver = await openPostgres(databaseUrl, jobRegistry, { connections: 2 })
  const db = createDatabase(driver)
  const source = createRpcSource([url], { address, topics: jobRegistry.topics })
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const report = { searchBegan() {}, advanced() {}, rewound() {}, bloomMismatch() {} }
  const now = () => performance.now()
  const indexing = {
    source,
    db,
    me: randomUUID(),
    address,
    contract: jobRegistry,
    confirmations: 0,
    pause: setTimeout,
    now,
    report,
    onCommit() {},
  }
  const { step, head } = createConverge(indexing)
  const indexer = runIndexer(indexing, {
    log,
    pollIntervalMs: 50,
    converge: { step: options.step ?? step, head },
  })
  onTestFinished(async () => {
    await indexer.stop()
    await source.close()
    await driver.close()
  })
  return { indexer, readState: () => readState(db), lines }
}
