import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { pino } from 'pino'
import type { Hex } from 'viem'
import { onTestFinished } from 'vitest'
import { createRpcSource } from '../../src/chain/rpc.ts'
import type { Source } from '../../src/chain/source.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { IndexerContext, Outcome } from '../../src/indexer/context.ts'
import { createStepper } from '../../src/indexer/converge.ts'
import { runIndexer } from '../../src/indexer/loop.ts'
import { createDatabase, type Database } from '../../src/store/database.ts'
import { openPostgres } from '../../src/store/postgres.ts'
import { cursor } from '../../src/store/schema.ts'

export interface TestIndexer {
  indexer: ReturnType<typeof runIndexer>
  /** Reads the block indexed last and the holder of the lease; null before there are any. */
  readProgress(): Promise<{ blockNumber: number | null; indexer: string | null } | undefined>
  /** Everything it logged, a JSON line each. */
  lines: string[]
}

/** What an indexer of the default contract works on, without a report. */
export function indexerContext(source: Source, db: Database, address: Hex): IndexerContext {
  return {
    source,
    db,
    indexerId: randomUUID(),
    address,
    contract: jobRegistry,
    confirmations: 0,
    pause: setTimeout,
    now: () => performance.now(),
    report: { searchBegan() {}, advanced() {}, rewound() {}, bloomMismatch() {} },
    onCommit() {},
  }
}

/** An indexer on a Postgres, without the rest of the service; it ends with the test. */
export async function startIndexing(options: {
  /** as RPC_URL: one, or several separated by commas */
  url: string
  /** lower-case hex */
  address: `0x${string}`
  databaseUrl: string
  /** instead of the indexer's own */
  step?: () => Promise<Outcome>
}): Promise<TestIndexer> {
  const { url, databaseUrl } = options
  const address = options.address.toLowerCase() as `0x${string}`
  const driver = await openPostgres(databaseUrl, jobRegistry, { connections: 2 })
  const db = createDatabase(driver)
  const source = createRpcSource(url.split(','), { address, topics: jobRegistry.topics })
  const lines: string[] = []
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) })
  const context = indexerContext(source, db, address)
  const { step, head } = createStepper(context)
  const indexer = runIndexer(context, {
    log,
    pollIntervalMs: 50,
    stepper: { step: options.step ?? step, head },
  })
  onTestFinished(async () => {
    await indexer.stop()
    await source.close()
    await driver.close()
  })
  async function readProgress() {
    const { blockNumber, indexer } = cursor
    const [row] = await db.orm.select({ blockNumber, indexer }).from(cursor)
    return row
  }
  return { indexer, readProgress, lines }
}
