import type { Writable } from 'node:stream'
import { parseArgs } from 'node:util'
import { follow } from '../../client/src/follow.ts'
import { history } from '../../client/src/history.ts'
import { type JobBase, jobKey } from '../../client/src/job.ts'
import { JobcastError, type JobFilter, type RequestOptions, type Retry } from '../../client/src/request.ts'
import { createdAt } from '../../client/src/values.ts'
import { type JobEvent, tailLine } from './tailLine.ts'

export const tailUsage = `Usage: jobcast tail [url] [options]

Shows each job of the server at url (http://localhost:3000) as it is committed (+), each change (~) and each removal by a
reorg (-): a line each on a terminal, one JSON object a line ({"type","id","data"}) in a pipe. It resumes by itself until
Ctrl-C.

  --filter <name=value>  only jobs that match; any filter of the server's contract, as in status=OPEN,FUNDED. May be
                         repeated: values of one name are alternatives, different names must all match
  --since <when>         first the history from a block (1200), a time ago (90s, 15m, 1h, 7d), or all
  --api-key <key>        for a server that asks for one; also from JOBCAST_API_KEY
  -h, --help
`

export interface TailIo {
  stdout: Writable & { isTTY?: boolean }
  stderr: Writable
  /** aborted on Ctrl-C */
  signal: AbortSignal
  env: Record<string, string | undefined>
}

/**
 * Runs `jobcast tail`. @returns the exit code: 0 if stopped by the signal or a closed pipe, 1 if the server refuses, 2 on
 * a usage error
 */
export async function tail(args: string[], io: TailIo): Promise<number> {
  let plan: ReturnType<typeof readArgs>
  try {
    plan = readArgs(args, io.env)
  } catch (error) {
    io.stderr.write(`jobcast tail: ${(error as Error).message}\n\n${tailUsage}`)
    return 2
  }
  if (plan === 'help') {
    io.stdout.write(tailUsage)
    return 0
  }

  // A reader that has enough (`| head`) closes the pipe. That ends the command and is no error.
  const stop = new AbortController()
  let broken: NodeJS.ErrnoException | undefined
  const end = () => stop.abort()
  const onError = (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') broken = error
    stop.abort()
  }
  if (io.signal.aborted) end()
  io.signal.addEventListener('abort', end, { once: true })
  // Never removed: what was still being written fails after the end.
  io.stdout.on('error', onError)
  try {
    await print(plan, { ...io, signal: stop.signal })
  } catch (error) {
    if (!stop.signal.aborted) broken = error as Error
  } finally {
    io.signal.removeEventListener('abort', end)
  }
  if (broken === undefined) return 0
  io.stderr.write(`jobcast tail: ${reason(broken)}\n`)
  return 1
}

interface Plan {
  url: string
  filter: JobFilter
  since: Since | undefined
  apiKey: string | undefined
}
/** from a block on, or from so many milliseconds ago */
type Since = { block: bigint } | { ago: number }

function readArgs(args: string[], env: TailIo['env']): Plan | 'help' {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      filter: { type: 'string', multiple: true },
      since: { type: 'string' },
      'api-key': { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  })
  if (values.help) return 'help'
  const [url = 'http://localhost:3000', extra] = positionals
  if (extra !== undefined) throw new Error(`one url is enough, found also ${extra}`)
  if (!URL.canParse(url)) throw new Error(`not a URL: ${url}`)
  return {
    url,
    filter: readFilter(values.filter ?? []),
    since: values.since === undefined ? undefined : readSince(values.since),
    apiKey: values['api-key'] ?? env.JOBCAST_API_KEY,
  }
}

/** The server knows which filters there are, and says so. */
function readFilter(pairs: string[]): JobFilter {
  const filter = new Map<string, string[]>()
  for (const pair of pairs) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? []
    if (name === undefined || value === undefined)
      throw new Error(`--filter takes name=value, such as status=OPEN; found ${pair}`)
    filter.set(name, [...(filter.get(name) ?? []), value])
  }
  return Object.fromEntries(filter)
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

function readSince(text: string): Since {
  if (text === 'all') return { block: 0n }
  const [, number = '', unit] = /^(\d+)([smhd]?)$/.exec(text) ?? []
  if (number === '') throw new Error(`--since takes a block, a duration such as 1h, or all; found ${text}`)
  return unit ? { ago: Number(number) * UNITS[unit as keyof typeof UNITS] } : { block: BigInt(number) }
}

async function print(plan: Plan, io: TailIo): Promise<void> {
  const { url, filter, apiKey } = plan
  const { stdout, stderr, signal } = io
  const people = stdout.isTTY === true
  const onRetry = ({ error, delay }: Retry) =>
    stderr.write(`${error ? reason(error) : 'the server ended the stream'}; again in ${seconds(delay)}\n`)
  const source = { filter, apiKey, signal, onRetry }
  const fromBlock = plan.since === undefined ? 'latest' : await firstBlock(plan, source)
  const describe = describer(people, people && !io.env.NO_COLOR)

  for await (const event of follow<JobBase>(url, { ...source, fromBlock })) {
    if (event.type === 'connected' && people) stderr.write(`connected, block ${event.data.blockNumber}\n`)
    if (event.type !== 'job_created' && event.type !== 'job_updated' && event.type !== 'job_removed') continue
    if (!stdout.write(`${describe(event)}\n`)) await drained(stdout, signal)
  }
}

/** Jobs whose last state is kept to show what changed: some 10 MB. Of others a line shows only the state of now. */
const KEPT_JOBS = 10_000

function describer(people: boolean, colour: boolean): (event: JobEvent) => string {
  if (!people) return ({ type, id, data }) => JSON.stringify({ type, id, data })
  const shown = new Map<string, JobBase>()
  return (event) => {
    const key = jobKey(event.data)
    const before = event.type === 'job_updated' ? shown.get(key) : undefined
    shown.delete(key)
    if (event.type !== 'job_removed') shown.set(key, event.data)
    const [oldest] = shown.keys()
    if (shown.size > KEPT_JOBS && oldest !== undefined) shown.delete(oldest)
    return tailLine(event, before, colour)
  }
}

/** The block of the first job that is not older than asked, found from the newest back. */
async function firstBlock({ url, since }: Plan, source: RequestOptions): Promise<bigint> {
  if (since === undefined || 'block' in since) return since?.block ?? 0n
  const begin = Date.now() - since.ago
  let block: bigint | undefined
  for await (const job of history<JobBase>(url, source)) {
    if (createdAt(job).getTime() < begin) return block ?? BigInt(job.blockNumber) + 1n
    block = BigInt(job.blockNumber)
  }
  return block ?? 0n
}

function drained(stream: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const end = () => {
      stream.off('drain', end)
      signal.removeEventListener('abort', end)
      resolve()
    }
    stream.on('drain', end)
    signal.addEventListener('abort', end)
  })
}

/** An error in words. fetch says "fetch failed", and the reason only in its cause. */
function reason(error: unknown): string {
  if (error instanceof JobcastError) return error.message
  const { message, cause } = error as Error
  return cause instanceof Error
    ? `${message}: ${cause.message || (cause as { code?: string }).code}`
    : message
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}
