import { join } from 'node:path'
import type { Address } from 'viem'
import { type Anvil, type AnvilOptions, PortTakenError, startAnvil } from './anvil.ts'
import { devClient } from './client.ts'
import { type DevContract, deployMarket } from './contracts.ts'
import { nextFreePort } from './freePort.ts'
import { runMarket } from './market.ts'
import { createPast } from './past.ts'
import { createWorkDir, removeStaleWorkDirs } from './workDir.ts'

const PAST_SECONDS = 3_600
const CHAIN_PORT_ATTEMPTS = 100
const KEPT_STATES = 256

export interface DevnetOptions {
  /** Starts Jobcast with these environment variables and no others of its own, and resolves when it serves. */
  start(env: Record<string, string>): Promise<{ url: string; close(): Promise<void> }>
  /** The contract of the chain; job-registry by default. */
  contract?: DevContract
  /** Jobcast's preferred port; the next free one is taken if it is in use. */
  port?: number
  /** The chain's preferred port; likewise. */
  chainPort?: number
  /** Milliseconds between two new jobs. */
  everyMs?: number
  /** Receives the lines for the terminal. */
  log?(line: string): void
}

export interface Devnet {
  url: string
  rpcUrl: string
  address: Address
  dataDir: string
  /** Ends Jobcast and the chain and removes the folder; a second call waits for the first. */
  close(): Promise<void>
}

/**
 * Starts a whole Jobcast on this machine: a chain of its own with a contract and an hour of past jobs, Jobcast on a
 * new database, and a market that creates a job every few seconds and takes each through its statuses. Several
 * devnets run side by side: ports in use are skipped. Folders of devnets that were killed are removed.
 */
export async function devnet({
  start,
  contract = 'job-registry',
  port = 3000,
  chainPort = 8545,
  everyMs = 3_000,
  log = console.log,
}: DevnetOptions): Promise<Devnet> {
  // Undone in reverse order, by close() and by a start that fails half way.
  const undo: (() => Promise<unknown>)[] = []
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= (async () => {
      const errors: unknown[] = []
      for (const step of undo.reverse()) await step().catch((error) => errors.push(error))
      if (errors.length > 0) throw errors[0]
    })()
    return closing
  }

  try {
    await removeStaleWorkDirs()
    const workDir = await createWorkDir()
    undo.push(async () => workDir.remove())
    const dataDir = join(workDir.path, 'db')

    const anvil = await startChain(chainPort)
    undo.push(() => anvil.stop())
    const client = devClient(anvil.url)
    const { address, market } = await deployMarket(client, contract)
    const runs = await createPast({ client, market, seconds: PAST_SECONDS })

    const app = await start({
      RPC_URL: anvil.wsUrl,
      CONTRACT: contract,
      CONTRACT_ADDRESS: address,
      DATA_DIR: dataDir,
      PORT: String(await nextFreePort(port)),
    })
    undo.push(() => app.close())
    log(welcome({ url: app.url, chainUrl: anvil.url, contract, address, everyMs }))

    const stopped = new AbortController()
    runMarket({ market, runs, everyMs, signal: stopped.signal, log })
    undo.push(async () => stopped.abort())
    return { url: app.url, rpcUrl: anvil.url, address, dataDir, close }
  } catch (error) {
    // What failed first is what the caller needs to know.
    await close().catch(() => {})
    throw error
  }
}

async function startChain(preferred: number): Promise<Anvil> {
  const options: AnvilOptions = {
    args: [
      // The clock starts an hour ago, for createPast().
      ...['--timestamp', String(unixNow() - PAST_SECONDS)],
      // States of old blocks only: a devnet that runs for days must not fill the disk. Blocks and logs are all kept.
      ...['--prune-history', String(KEPT_STATES)],
    ],
  }
  for (let port = preferred; port < preferred + CHAIN_PORT_ATTEMPTS && port <= 65_535; port++)
    try {
      return await startAnvil({ ...options, port })
    } catch (error) {
      if (!(error instanceof PortTakenError)) throw error
    }
  throw new PortTakenError(`no free port for the chain from ${preferred} on`)
}

function welcome({
  url,
  chainUrl,
  contract,
  address,
  everyMs,
}: Record<'url' | 'chainUrl' | 'contract' | 'address', string> & { everyMs: number }): string {
  return [
    '',
    `  Jobcast devnet is running; a new job every ${everyMs / 1000} s.`,
    '',
    `  page      ${url}/`,
    `  stream    curl -N ${url}/api/v1/events`,
    `  history   curl ${url}/api/v1/jobs`,
    `  docs      ${url}/docs`,
    `  chain     ${chainUrl}, ${contract} at ${address}`,
    '',
    '  Ctrl-C ends everything. The next devnet begins with a new chain and a new database.',
    '',
  ].join('\n')
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000)
}
