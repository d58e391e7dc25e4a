import type { JobFilter } from '../../client/src/request.ts'
import { timeSpan } from '../settings/values.ts'
import { assertUrl, parseCommand, wrongArgument } from './command.ts'

export interface TailPlan {
  /** base URL of the server */
  url: string
  filter: JobFilter
  /** where the history begins; undefined for no history */
  since: Since | undefined
  apiKey: string | undefined
}

/** A block, or a time in milliseconds before the present. */
export type Since = { block: bigint } | { agoMs: number }

/** Reads the arguments of `jobcast tail`. @throws UsageError */
export function readTailArgs(args: string[], env: NodeJS.ProcessEnv): TailPlan {
  const { values, positionals } = parseCommand('tail', {
    args,
    allowPositionals: true,
    options: {
      filter: { type: 'string', multiple: true },
      since: { type: 'string' },
      'api-key': { type: 'string' },
    },
  })
  const [url = 'http://localhost:3000', extra] = positionals
  if (extra !== undefined) throw wrongArgument('tail', `tail takes one URL, found also ${extra}`)
  assertUrl('tail', url, 'http')
  return {
    url,
    filter: readFilter(values.filter ?? []),
    since: values.since === undefined ? undefined : readSince(values.since),
    apiKey: values['api-key'] ?? env.JOBCAST_API_KEY,
  }
}

/** Groups the values by name. The server checks names and values. */
function readFilter(pairs: string[]): JobFilter {
  const filter = new Map<string, string[]>()
  for (const pair of pairs) {
    const [, name, value] = /^([^=]+)=(.+)$/s.exec(pair) ?? []
    if (name === undefined || value === undefined)
      throw wrongArgument('tail', `--filter takes name=value, such as status=OPEN; found ${pair}`)
    filter.set(name, [...(filter.get(name) ?? []), value])
  }
  return Object.fromEntries(filter)
}

function readSince(text: string): Since {
  if (text === 'all') return { block: 0n }
  if (/^[0-9]+$/.test(text)) return { block: BigInt(text) }
  try {
    return { agoMs: timeSpan(text) * 1_000 }
  } catch {
    throw wrongArgument('tail', `--since takes a block, a duration such as 1h, or all; found ${text}`)
  }
}
