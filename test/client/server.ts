import { onTestFinished } from 'vitest'
import type { AnvilOptions } from '../../src/devnet/anvil.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type Service, startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

export interface Server {
  chain: TestChain
  url: string
  /** Ends the server; chain and database stay. */
  stop(): Promise<void>
  /**
   * Starts it again on the same port. `env` overrides its settings until the test ends. Resolves when it is
   * ready.
   */
  start(env?: Record<string, string>): Promise<void>
  /** Waits until REST has a job. */
  untilIndexed(jobId: string): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

/** A real server over a real chain and a real database of its own. */
export async function startServer(
  env: Record<string, string> = {},
  options: AnvilOptions = {},
): Promise<Server> {
  const chain = await startChain(options)
  const databaseUrl = await createSharedDatabase()
  let port = '0'
  let app: Service | undefined
  const server: Server = {
    chain,
    url: '',
    async stop() {
      const running = app
      app = undefined
      await running?.close()
    },
    async start(other = {}) {
      if (Object.keys(other).length > 0)
        // The next test finds the server with its own settings, even if this start fails.
        onTestFinished(async () => {
          await server.stop()
          await server.start()
        })
      app = await startService({
        RPC_URL: chain.wsUrl,
        CONTRACT_ADDRESS: chain.address,
        DATABASE_URL: databaseUrl,
        PORT: port,
        ...env,
        ...other,
      })
      server.url = app.url
      port = new URL(app.url).port
      await app.untilReady()
    },
    async untilIndexed(jobId) {
      const isIndexed = async () => (await fetch(`${server.url}/api/v1/jobs/${jobId}`)).ok
      await until(isIndexed, { message: `job ${jobId} is indexed` })
    },
    async close() {
      await server.stop()
      await chain.stop()
    },
  }
  await server.start()
  return server
}
