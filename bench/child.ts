import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { endWithParent } from '../src/devnet/guard.ts'

/** A floor or a load generator in a process of its own. `ask` calls one of its functions by name. */
interface Child {
  pid: number
  ask<T>(question: string, argument?: unknown): Promise<T>
  end(): Promise<void>
}

/**
 * Starts a script of this folder in a new process.
 * @param file relative to `bench/`
 */
export function startChild(
  file: string,
  { nodeArgs = [], env = {} }: { nodeArgs?: string[]; env?: Record<string, string> } = {},
): Child {
  const path = fileURLToPath(new URL(file, import.meta.url))
  const child = fork(path, [], {
    execArgv: [...nodeArgs, '--import', import.meta.resolve('tsx')],
    env: { ...process.env, ...env },
    serialization: 'advanced',
  })
  endWithParent(child)
  const open = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  exited.then(() => {
    for (const { reject } of open.values()) reject(new Error(`${file} ended`))
  })
  child.on('message', ({ id, value, error }: Answer) => {
    const waiting = open.get(id)
    open.delete(id)
    if (error === undefined) waiting?.resolve(value)
    else waiting?.reject(new Error(`${file}: ${error}`))
  })
  let asked = 0
  return {
    pid: child.pid as number,
    ask<T>(question: string, argument?: unknown) {
      const id = ++asked
      return new Promise<T>((resolve, reject) => {
        open.set(id, { resolve: resolve as (value: unknown) => void, reject })
        child.send({ id, question, argument } satisfies Question)
      })
    },
    async end() {
      child.kill('SIGKILL')
      await exited
    },
  }
}

interface Question {
  id: number
  question: string
  argument: unknown
}

interface Answer {
  id: number
  value?: unknown
  error?: string
}

/** Called in the child: registers the functions that `ask` can call. */
// biome-ignore lint/suspicious/noExplicitAny: each question has an argument of its own
export function answer(questions: Record<string, (argument: any) => unknown>): void {
  process.on('message', async ({ id, question, argument }: Question) => {
    try {
      process.send?.({ id, value: await questions[question]?.(argument) } satisfies Answer)
    } catch (error) {
      process.send?.({ id, error: String((error as Error).stack ?? error) } satisfies Answer)
    }
  })
}
