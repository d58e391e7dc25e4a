import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { endWithParent } from './guard.ts'
import { createWorkDir } from './workDir.ts'

const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 30_000

export interface AnvilOptions {
  /** 0, the default, takes a free port. */
  port?: number
  /** Seconds between blocks; by default a block is mined for each transaction. */
  blockTime?: number
  /** 31337 by default. */
  chainId?: number
  /** Further arguments of the anvil command line. */
  args?: string[]
}

/** A running local chain. Its dev accounts are unlocked; it keeps nothing once stopped. */
export interface Anvil {
  url: string
  wsUrl: string
  port: number
  pid: number
  /** Ends the process and waits for its exit. */
  stop(): Promise<void>
  /** Sends a signal to the process, such as SIGSTOP for a chain that hangs. */
  kill(signal: NodeJS.Signals): void
}

export class PortTakenError extends Error {
  override name = 'PortTakenError'
}

/**
 * Starts the anvil binary and waits until it answers. It ends with this process (see {@link endWithParent}). A Ctrl-C
 * does not reach it, so that this process can close what uses the chain before the chain.
 * @throws PortTakenError if the port is in use.
 * @throws Error if the package is not installed, or with anvil's own output if it did not start.
 */
export async function startAnvil({
  port = 0,
  blockTime,
  chainId,
  args = [],
}: AnvilOptions = {}): Promise<Anvil> {
  const binary = anvilBinary()
  // Anvil spills old states to disk, 0.3 MB a block, and leaves them there: by default in the home folder.
  const states = await createWorkDir()
  const child = spawn(
    binary,
    [
      ...['--host', HOST, '--port', String(port)],
      ...(blockTime === undefined ? [] : ['--block-time', String(blockTime)]),
      ...(chainId === undefined ? [] : ['--chain-id', String(chainId)]),
      ...['--cache-path', states.path],
      ...args,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  endWithParent(child)
  const exited = new Promise<void>((resolve) => {
    // `close` comes after a failed spawn too, which has no `exit`.
    child.once('close', () => {
      states.remove()
      resolve()
    })
  })
  const actualPort = await listening(child, port)
  const url = `http://${HOST}:${actualPort}`
  try {
    await quiet(url)
  } catch (error) {
    child.kill('SIGKILL')
    throw error
  }
  return {
    url,
    wsUrl: `ws://${HOST}:${actualPort}`,
    port: actualPort,
    pid: child.pid as number,
    async stop() {
      // Anvil has nothing to clean up, and SIGKILL also ends a process that SIGSTOP has paused.
      child.kill('SIGKILL')
      await exited
    },
    kill(signal) {
      child.kill(signal)
    },
  }
}

/** The binary in the package for this platform: the `anvil` command itself is a tree of four processes. */
function anvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const name = process.platform === 'win32' ? 'anvil.exe' : 'anvil'
  const platformPackage = `@foundry-rs/anvil-${process.platform}-${arch}`
  const require = createRequire(import.meta.url)
  try {
    // Resolved from @foundry-rs/anvil, whose dependency it is.
    const parent = require.resolve('@foundry-rs/anvil/package.json')
    return createRequire(parent).resolve(`${platformPackage}/bin/${name}`)
  } catch (cause) {
    throw new Error(
      `anvil is not installed for ${process.platform}-${process.arch} (${platformPackage}). ` +
        'It is a development dependency: run `npm install` in a checkout of jobcast, without --omit=dev or --omit=optional.',
      { cause },
    )
  }
}

/** Resolves with the port in anvil's "Listening on" line: for port 0 it is known only from there. */
function listening(child: ChildProcess, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    let output = ''
    const timer = setTimeout(() => {
      child.kill('SIGKILL')
      reject(new Error(`anvil did not start within ${START_TIMEOUT_MS / 1000} s: ${output.slice(-2000)}`))
    }, START_TIMEOUT_MS)
    const read = (chunk: Buffer) => {
      output += chunk
      const found = /Listening on \S+:(\d+)/.exec(output)
      if (!found) return
      child.stdout?.off('data', read)
      // Its output is still read, and dropped: a full pipe would block anvil.
      child.stdout?.resume()
      clearTimeout(timer)
      resolve(Number(found[1]))
    }
    child.stdout?.on('data', read)
    child.stderr?.on('data', (chunk) => {
      output = (output + chunk).slice(-10_000)
    })
    child.once('error', (cause) => {
      clearTimeout(timer)
      reject(new Error(`anvil cannot be run: ${cause.message}`, { cause }))
    })
    // `close`, not `exit`: only then has all of its output been read.
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      if (/address already in use|os error (98|48|10048)/i.test(output))
        reject(new PortTakenError(`port ${port} of ${HOST} is taken by another process`))
      else reject(new Error(`anvil ended with ${signal ?? code}: ${output.trim().slice(-2000)}`))
    })
  })
}

/** Switches off the line that anvil prints for every call. Also checks that JSON-RPC answers. */
async function quiet(url: string): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'anvil_setLoggingEnabled', params: [false] }),
  })
  if (!response.ok) throw new Error(`anvil answered ${response.status}`)
}
