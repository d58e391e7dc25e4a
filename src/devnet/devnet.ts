import { join } from 'node:path'
import type { Address } from 'viem'
import { type Anvil, type AnvilOptions, PortTakenError, startAnvil } from './anvil.ts'
import { nextFreePort } from './freePort.ts'
import { createJob, type DevClient, deployRegistry, devClient, generateJobs, randomJob } from './registry.ts'
import { createWorkDir, removeStaleWorkDirs } from './workDir.ts'

const PAST_JOBS = 30
const PAST_SECONDS = 3_600
const CHAIN_PORT_ATTEMPTS = 100
const KEPT_STATES = 256

export interface DevnetOptions {
  /** Starts Jobcast with these environment variables and no others of its own, and resolves when it serves. */
  start(env: Record<string, string>): Promise<{ url: string; close(): Promise<void> }>
  /** Where Jobcast is wanted; the next free port is taken where it is in use. */
  port?: number
  /** Where the chain is wanted; likewise. */
  chainPort?: number
  /** Milliseconds between two jobs. */
  everyMs?: number
  /** Takes what is said to the person at the terminal, line by line. */
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
 * A whole Jobcast on this machine: a chain of its own with the contract and an hour of past jobs, Jobcast on a
 * database of its own, and a new job every few seconds. Several run side by side, and one starts after another was
 * killed: ports in use are passed over, the killed one's chain ended with it and its folder is removed here.
 */
export async function devnet({
  start,
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
    const { address } = await deployRegistry(client)
    await createPast(client, address)

    const app = await start({
      RPC_URL: anvil.wsUrl,
      CONTRACT_ADDRESS: address,
      DATA_DIR: dataDir,
      PORT: String(await nextFreePort(port)),
    })
    undo.push(() => app.close())
    log(welcome(app.url, anvil.url, address, everyMs))

    const generator = new AbortController()
    generateJobs({ url: anvil.url, address, everyMs, signal: generator.signal, log })
    undo.push(async () => generator.abort())
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

/** Jobs at even steps over the last hour; then the chain's clock is set to now. */
async function createPast(client: DevClient, address: Address): Promise<void> {
  const step = Math.floor(PAST_SECONDS / (PAST_JOBS + 1))
  const first = unixNow() - PAST_SECONDS + step
  for (let i = 0; i < PAST_JOBS; i++) {
    const time = first + i * step
    await anvilCall(client, 'evm_setNextBlockTimestamp', [time])
    await createJob(client, address, randomJob(time))
  }
  await anvilCall(client, 'evm_setTime', [unixNow()])
}

function anvilCall(client: DevClient, method: string, params: unknown[]): Promise<unknown> {
  // Not in viem's list of methods, which is what its types are made from.
  return client.request({ method, params } as unknown as Parameters<DevClient['request']>[0])
}

function welcome(url: string, chainUrl: string, address: Address, everyMs: number): string {
  return [
    '',
    `  Jobcast devnet is running; a new job every ${everyMs / 1000} s.`,
    '',
    `  page      ${url}/`,
    `  stream    curl -N ${url}/api/v1/events`,
    `  history   curl ${url}/api/v1/jobs`,
    `  docs      ${url}/docs`,
    `  chain     ${chainUrl}, contract ${address}`,
    '',
    '  Ctrl-C ends everything. The next devnet begins with a new chain and a new database.',
    '',
  ].join('\n')
}

function unixNow(): number {
  return Math.floor(Date.now() / 1000)
}
