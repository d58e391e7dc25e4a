import { type ChildProcess, spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { ExpectedError, PortTakenError } from '../errors.ts'
import { anvilCall, devClient } from './client.ts'
import { endWithParent } from './guard.ts'
import { createWorkDir } from './workDir.ts'

const HOST = '127.0.0.1'
const START_TIMEOUT_MS = 30_000
/** Characters of anvil's output that are kept for an error message. */
const KEPT_OUTPUT = 2_000

export interface AnvilOptions {
  /** 0, the default, takes a free port. */
  port?: number
  /** Further arguments of the anvil command line. By default a block is mined for each transaction. */
  args?: string[]
}

/** A running local chain. Its dev accounts are unlocked. Its data is lost when it stops. */
export interface Anvil {
  url: string
  wsUrl: string
  port: number
  /** Ends the process and waits for its exit. */
  stop(): Promise<void>
  /** Sends a signal to the process, such as SIGSTOP for a chain that hangs. */
  kill(signal: NodeJS.Signals): void
}

/** Anvil cannot be started, for a reason outside of the program. */
export class AnvilError extends ExpectedError {
  override name = 'AnvilError'
}

/**
 * Starts anvil and waits until it answers. It ends with this process (see {@link endWithParent}). A Ctrl-C on
 * the terminal does not reach it, so that this process can first close what uses the chain.
 * @throws PortTakenError if the port is taken; AnvilError if the package is not installed, or, with anvil's own
 * output, if it does not start
 */
export async function startAnvil({ port = 0, args = [] }: AnvilOptions = {}): Promise<Anvil> {
  const binary = anvilBinary()
  // anvil writes old states to disk, 0.3 MB a block, by default in the home folder, and leaves them there.
  const states = createWorkDir()
  const child = spawn(
    binary,
    ['--host', HOST, '--port', String(port), '--cache-path', states.path, ...args],
    // Detached: in a process group of its own. A terminal sends Ctrl-C to the group of this process.
    { stdio: ['ignore', 'pipe', 'pipe'], detached: true },
  )
  endWithParent(child)
  const exited = new Promise<void>((resolve) => {
    // `close` also follows a failed spawn, which has no `exit`.
    child.once('close', () => {
      states.remove()
      resolve()
    })
  })
  // anvil has nothing to clean up, and SIGKILL also ends a process that SIGSTOP has paused.
  const end = () => child.kill('SIGKILL')
  try {
    const usedPort = await listening(child, port)
    const url = `http://${HOST}:${usedPort}`
    // Otherwise anvil prints a line for every call.
    await anvilCall(devClient(url), 'anvil_setLoggingEnabled', [false])
    return {
      url,
      wsUrl: `ws://${HOST}:${usedPort}`,
      port: usedPort,
      async stop() {
        end()
        await exited
      },
      kill: (signal) => void child.kill(signal),
    }
  } catch (error) {
    end()
    throw error
  }
}

/**
 * Returns the path of the binary in the package for this platform. The `anvil` command of npm would start four
 * processes.
 */
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
    throw new AnvilError(
      `A devnet needs anvil, which is not installed for ${process.platform}-${process.arch}. Run: npm install @foundry-rs/anvil`,
      { cause },
    )
  }
}

/** Resolves with the port in anvil's "Listening on" line. For port 0, anvil reports the port nowhere else. */
function listening(child: ChildProcess, port: number): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    let output = ''
    const onOutput = (chunk: Buffer) => {
      output = (output + chunk).slice(-KEPT_OUTPUT)
      const [, found] = /Listening on \S+:(\d+)/.exec(output) ?? []
      if (found !== undefined) resolve(Number(found))
    }
    // The pipes are read to the end: a full one would block anvil.
    child.stdout?.on('data', onOutput)
    child.stderr?.on('data', onOutput)
    child.once('error', (cause) => reject(new AnvilError(`anvil cannot be run: ${cause.message}`, { cause })))
    // `close`, not `exit`: only then has all of its output been read.
    child.once('close', (code, signal) => {
      const isPortTaken = /address already in use|os error (98|48|10048)/i.test(output)
      reject(
        isPortTaken
          ? new PortTakenError(`Port ${port} of ${HOST} is taken by another process.`)
          : new AnvilError(`anvil ended with ${signal ?? code}: ${output.trim()}`),
      )
    })
    setTimeout(() => {
      reject(new AnvilError(`anvil did not start within ${START_TIMEOUT_MS / 1_000} s: ${output.trim()}`))
    }, START_TIMEOUT_MS).unref()
  })
}
