import { once } from 'node:events'
import type { Writable } from 'node:stream'
import { follow } from '../../client/src/follow.ts'
import { history } from '../../client/src/history.ts'
import { type JobBase, jobKey } from '../../client/src/job.ts'
import type { RequestOptions, Retry } from '../../client/src/request.ts'
import { isJobEvent, type JobEvent } from '../../client/src/track.ts'
import { createdAt } from '../../client/src/values.ts'
import { messageOf } from '../messages.ts'
import type { Command } from './command.ts'
import { FailedError } from './errors.ts'
import { readTailArgs, type Since, type TailPlan } from './tailArgs.ts'
import { printable, tailLine } from './tailLine.ts'

/** `jobcast tail` */
export const tailCommand: Command = {
  name: 'tail',
  parameters: '[url]',
  summary:
    'show the jobs of a running Jobcast (http://localhost:3000) and their changes as they are committed',
  details: `On a terminal, the sign after the time is + for a new job, ~ for a change, and - for a job that a reorg removed. In a
pipe, each line is a JSON object {"type","id","data"}. A lost connection is resumed, until Ctrl-C.`,
  options: [
    [
      '--filter <name=value>',
      "only jobs that match a filter of the server's contract, such as status=OPEN,FUNDED; repeatable",
    ],
    [
      '--since <when>',
      'print the history first: from a block on (1200), for a duration until now (90s, 15m, 1h, 7d), or completely (all)',
    ],
    ['--api-key <key>', 'for a server that requires one; JOBCAST_API_KEY is the same'],
  ],
  async run(args, env) {
    const interrupt = new AbortController()
    // The listeners run once: a second Ctrl-C ends the process immediately.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupt.abort())
    const { stdout, stderr } = process
    await tail(args, { stdout, stderr, env, signal: interrupt.signal })
  },
}

export interface TailIo {
  stdout: Writable & { isTTY?: boolean }
  stderr: Writable
  /** Ends the command. */
  signal: AbortSignal
  env: NodeJS.ProcessEnv
}

/**
 * Prints the events of a server until the signal aborts or the reader closes the pipe.
 * @throws UsageError, or FailedError if the server refuses or the output cannot be written
 */
export async function tail(args: string[], io: TailIo): Promise<void> {
  const plan = readTailArgs(args, io.env)
  const broken = new AbortController()
  // These listeners are never removed, because a pending write may fail after the end.
  for (const output of [io.stdout, io.stderr]) output.on('error', (error) => broken.abort(error))
  const signal = AbortSignal.any([io.signal, broken.signal])
  try {
    await print(plan, { ...io, signal })
  } catch (error) {
    if (!signal.aborted) throw new FailedError(printable(messageOf(error)))
  }
  // A reader that has enough (`| head`) closes the pipe, which is not an error.
  if (broken.signal.aborted && broken.signal.reason.code !== 'EPIPE')
    throw new FailedError(messageOf(broken.signal.reason))
}

async function print(plan: TailPlan, { stdout, stderr, signal, env }: TailIo): Promise<void> {
  const { url, filter, apiKey, since } = plan
  const isTerminal = stdout.isTTY === true
  const onRetry = ({ error, delay }: Retry) => {
    const cause = error ? printable(messageOf(error)) : 'the server ended the stream'
    stderr.write(`${cause}; retrying in ${(delay / 1_000).toFixed(1)} s\n`)
  }
  const source = { filter, apiKey, signal, onRetry }
  const fromBlock = since === undefined ? 'latest' : await blockSince(url, since, source)
  const format = isTerminal ? lineFormat(!env.NO_COLOR) : jsonFormat

  for await (const event of follow<JobBase>(url, { ...source, fromBlock })) {
    if (event.type === 'connected' && isTerminal)
      stderr.write(`connected, block ${printable(event.data.blockNumber)}\n`)
    if (!isJobEvent(event)) continue
    if (!stdout.write(`${format(event)}\n`)) await once(stdout, 'drain', { signal }).catch(() => {})
  }
}

function jsonFormat({ type, id, data }: JobEvent<JobBase>): string {
  return JSON.stringify({ type, id, data })
}

/**
 * Jobs whose last state is kept, some 10 MB. A change of any other job is shown without the state before it.
 */
const KEPT_JOBS = 10_000

/**
 * Formats events for a terminal. It keeps the jobs it has shown, to highlight the fields that a
 * change changed.
 */
function lineFormat(colour: boolean): (event: JobEvent<JobBase>) => string {
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

/**
 * Returns the block where the history begins. For a duration, that is the block of the oldest job created
 * within it, or the block after the newest job if there is none. Jobs are read from the newest back.
 */
async function blockSince(url: string, since: Since, source: RequestOptions): Promise<bigint> {
  if ('block' in since) return since.block
  const begin = Date.now() - since.agoMs
  let block: bigint | undefined
  for await (const job of history<JobBase>(url, source)) {
    if (createdAt(job).getTime() < begin) return block ?? BigInt(job.blockNumber) + 1n
    block = BigInt(job.blockNumber)
  }
  return block ?? 0n
}
