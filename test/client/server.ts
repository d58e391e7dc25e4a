import { pino } from 'pino'
import { createApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config.ts'
import type { AnvilOptions } from '../../src/devnet/anvil.ts'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { createDataDir } from '../helpers/dataDir.ts'
import { until } from '../helpers/until.ts'

export interface Server {
  chain: TestChain
  url: string
  /** Ends the server; chain and database stay. */
  stop(): Promise<void>
  /** Starts it again on the same port, with other settings where given; resolves when it has the chain's head. */
  start(env?: Record<string, string>): Promise<void>
  /** Ends everything. */
  close(): Promise<void>
}

/** A real server over a real chain and an embedded database of its own. */
export async function startServer(
  env: Record<string, string> = {},
  options: AnvilOptions = {},
): Promise<Server> {
  const chain = await startChain(options)
  const dir = await createDataDir()
  let port = '0'
  let app: Awaited<ReturnType<typeof createApp>> | undefined
  const server: Server = {
    chain,
    url: '',
    async stop() {
      const running = app
      app = undefined
      await running?.close()
    },
    async start(other = {}) {
      app = await createApp(
        loadConfig({
          RPC_URL: chain.wsUrl,
          CONTRACT_ADDRESS: chain.address,
          POLL_INTERVAL_MS: '100',
          DATA_DIR: dir.path,
          HOST: '127.0.0.1',
          PORT: port,
          RATE_LIMIT: '0',
          ...env,
          ...other,
        }),
        pino({ level: 'silent' }),
      )
      server.url = app.url
      port = new URL(app.url).port
      await until(async () => (await fetch(`${server.url}/ready`)).ok, { message: 'the server is ready' })
    },
    async close() {
      await server.stop()
      await chain.stop()
      await dir.remove()
    },
  }
  await server.start()
  return server
}
