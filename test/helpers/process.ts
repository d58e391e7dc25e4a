import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import getPort from 'get-port'
import { endWithParent } from '../../src/devnet/guard.ts'
import { until } from './until.ts'

/** A log line. A line that is not a JSON object becomes `{ text }`. */
type LogLine = Record<string, unknown> & { msg?: string; text?: string }

export interface JobcastProcess {
  /** Base URL of its HTTP server. */
  url: string
  pid: number
  /** All lines written so far to stdout and stderr. */
  logs: LogLine[]
  /** All lines as text. */
  output(): string
  waitForLog(matches: RegExp | ((line: LogLine) => boolean), options?: { timeout?: number }): Promise<LogLine>
  /** Waits until `path` answers 200. Rejects with the last log lines if the process ends before. */
  untilAnswers(path?: string, options?: { timeout?: number }): Promise<void>
  /**
   * Sends a signal, SIGKILL by default. Resolves when the process has ended; for SIGSTOP and SIGCONT at once.
   */
  kill(signal?: NodeJS.Signals): Promise<Exit>
  exit: Promise<Exit>
  /** SIGTERM, then SIGKILL after 10 s. */
  stop(): Promise<Exit>
}

export interface Exit {
  code: number | null
  signal: NodeJS.Signals | null
}

/** The compiled command `jobcast`. */
export const builtMain = fileURLToPath(new URL('../../dist/src/cli/main.js', import.meta.url))
const STOP_TIMEOUT_MS = 10_000
const COMMAND_TIMEOUT_MS = 20_000

/**
 * Starts a command of Jobcast from `dist/`, as `npm run build` compiled it. There is no wrapper process: the
 * pid is that of Jobcast.
 * @param env its whole environment, except PATH and HOME. By default PORT is a free port.
 */
export async function startProcess({
  args = ['start'],
  env = {},
  nodeArgs = [],
  cwd = tmpdir(),
}: {
  args?: string[]
  env?: Record<string, string>
  /** Arguments of node itself, such as --cpu-prof. */
  nodeArgs?: string[]
  /** The temporary folder by default: a .env file in the checkout must not affect a test. */
  cwd?: string
} = {}): Promise<JobcastProcess> {
  const port = env.PORT ?? String(await getPort())
  const child = spawn(process.execPath, [...nodeArgs, builtMain, ...args], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, HOST: '127.0.0.1', PORT: port, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  endWithParent(child)
  return observe(child, `http://127.0.0.1:${port}`)
}

/** Runs a command of Jobcast until it ends. `text` holds all lines that it wrote. @throws Error after 20 s */
export async function runCommand(
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | null; text: string }> {
  const child = await startProcess({ args, env })
  const timer = setTimeout(() => child.kill(), COMMAND_TIMEOUT_MS)
  const { code, signal } = await child.exit.finally(() => clearTimeout(timer))
  if (signal === 'SIGKILL') throw new Error(`${args.join(' ')} did not end:\n${child.output()}`)
  return { code, text: child.output() }
}

/** The ids of a process and of its children. Linux only. */
export function processAndChildren(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return [pid, ...children.split(' ').filter(Boolean).map(Number)]
}

function observe(child: ChildProcess, url: string): JobcastProcess {
  const logs: LogLine[] = []
  collect(child.stdout as Readable, logs)
  collect(child.stderr as Readable, logs)
  let ended: Exit | undefined
  const exit = new Promise<Exit>((resolve, reject) => {
    child.once('error', reject)
    // `close`, not `exit`: only then have the last lines been read.
    child.once('close', (code, signal) => {
      ended = { code, signal }
      resolve(ended)
    })
  })
  const tail = () => logs.slice(-20).map(textOf).join('\n')
  const untilAlive = async <T>(fn: () => T | Promise<T>, message: string, timeout: number) => {
    const value = await until(
      async () => {
        const found = await fn()
        return found ? { found } : ended && { ended }
      },
      { timeout, message },
    ).catch((error) => {
      throw new Error(`${error.message}\n${tail()}`)
    })
    if ('ended' in value)
      throw new Error(`${message}: the process ended with ${JSON.stringify(value.ended)}\n${tail()}`)
    return value.found as NonNullable<T>
  }
  const kill = async (signal: NodeJS.Signals = 'SIGKILL') => {
    child.kill(signal)
    return signal === 'SIGSTOP' || signal === 'SIGCONT' ? { code: null, signal: null } : exit
  }

  return {
    url,
    pid: child.pid ?? 0,
    logs,
    output: () => logs.map(textOf).join('\n'),
    exit,
    kill,
    waitForLog(matches, { timeout = 20_000 } = {}) {
      const test = matches instanceof RegExp ? (line: LogLine) => matches.test(textOf(line)) : matches
      return untilAlive(() => logs.find(test), `log line ${matches}`, timeout)
    },
    async untilAnswers(path = '/health', { timeout = 30_000 } = {}) {
      const answers = () =>
        fetch(url + path).then(
          (response) => response.ok,
          () => false,
        )
      await untilAlive(answers, `${path} answers 200`, timeout)
    },
    async stop() {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      child.kill('SIGTERM')
      return exit.finally(() => clearTimeout(timer))
    },
  }
}

function textOf(line: LogLine): string {
  return line.text ?? JSON.stringify(line)
}

function collect(stream: Readable, logs: LogLine[]): void {
  createInterface({ input: stream }).on('line', (text) => {
    try {
      const line = JSON.parse(text)
      logs.push(typeof line === 'object' && line !== null ? line : { text })
    } catch {
      logs.push({ text })
    }
  })
}
