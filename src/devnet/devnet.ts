import { join } from 'node:path'
import getPort from 'get-port'
import type { Address } from 'viem'
import { PortTakenError } from '../errors.ts'
import { type Anvil, startAnvil } from './anvil.ts'
import { devClient } from './client.ts'
import { type DevContract, deployMarket } from './contracts.ts'
import { runMarket } from './market.ts'
import { createPast } from './past.ts'
import { createWorkDir } from './workDir.ts'

/** Length of the past of jobs. */
const PAST_SECONDS = 3_600
/** Ports that are tried, from the preferred one upwards, before any free one is taken. */
const PORT_ATTEMPTS = 100
/** Attempts to open a port: another program may take one between the moment it is found free and its use. */
const OPEN_ATTEMPTS = 5
/**
 * Number of old states that anvil keeps. If it kept all, a devnet that runs for days would fill the disk. All
 * blocks and logs are kept.
 */
const KEPT_STATES = 256

interface DevnetOptions {
  /** Starts Jobcast with these environment variables. Resolves when it serves requests. */
  start(env: Record<string, string>): Promise<{ url: string; close(): Promise<void> }>
  /** The contract of the chain; job-registry by default. */
  contract?: DevContract
  /** Jobcast's preferred port; the next free one is taken if it is in use. */
  port?: number
  /** The chain's preferred port; the next free one is taken if it is in use. */
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
  /** Ends Jobcast and the chain and removes the folder. A second call waits for the first. */
  close(): Promise<void>
}

/**
 * Starts a complete Jobcast on this machine: a local chain with a contract and an hour of past jobs, Jobcast
 * on a new database, and a market that creates a job every few seconds and moves each through its statuses.
 * Several devnets can run side by side: ports in use are skipped. If the process ends without `close()`,
 * other than by SIGKILL, the chain and the folder are removed too.
 */
export async function startDevnet({
  start,
  contract = 'job-registry',
  port = 3000,
  chainPort = 8545,
  everyMs = 3_000,
  log = console.log,
}: DevnetOptions): Promise<Devnet> {
  const workDir = createWorkDir()
  const stopped = new AbortController()
  let anvil: Anvil | undefined
  let app: Awaited<ReturnType<DevnetOptions['start']>> | undefined
  let ending: Promise<void> | undefined
  async function end(): Promise<void> {
    stopped.abort()
    try {
      await app?.close()
    } finally {
      await anvil?.stop()
      workDir.remove()
    }
  }

  try {
    anvil = await startChain(chainPort)
    const client = devClient(anvil.url)
    const { address, market } = await deployMarket(client, contract)
    const runs = await createPast({ client, market, seconds: PAST_SECONDS })
    const dataDir = join(workDir.path, 'db')
    const settings = {
      RPC_URL: anvil.wsUrl,
      CONTRACT: contract,
      CONTRACT_ADDRESS: address,
      DATA_DIR: dataDir,
    }
    app = await onFreePort(port, (PORT) => start({ ...settings, PORT: String(PORT) }))
    log(welcome({ url: app.url, chainUrl: anvil.url, contract, address, everyMs }))
    void runMarket({ market, runs, everyMs, signal: stopped.signal, log })
    const close = () => {
      ending ??= end()
      return ending
    }
    return { url: app.url, rpcUrl: anvil.url, address, dataDir, close }
  } catch (error) {
    // The first error is thrown, not one that follows from it.
    await end().catch(() => {})
    throw error
  }
}

async function startChain(preferredPort: number): Promise<Anvil> {
  const anHourAgo = Math.floor(Date.now() / 1_000) - PAST_SECONDS
  // The clock starts an hour ago, for createPast().
  const args = ['--timestamp', String(anHourAgo), '--prune-history', String(KEPT_STATES)]
  return onFreePort(preferredPort, (port) => startAnvil({ port, args }))
}

/**
 * Calls `open` with the first free port at or above a preferred one, again if another program takes it first.
 */
async function onFreePort<T>(preferred: number, open: (port: number) => Promise<T>): Promise<T> {
  const ports = Array.from({ length: PORT_ATTEMPTS }, (_, i) => preferred + i).filter(
    (port) => port <= 65_535,
  )
  for (let attempt = 1; ; attempt++) {
    try {
      return await open(await getPort({ port: ports }))
    } catch (error) {
      if (!(error instanceof PortTakenError) || attempt === OPEN_ATTEMPTS) throw error
    }
  }
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
