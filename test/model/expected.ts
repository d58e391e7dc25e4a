import type { Hex } from 'viem'
import type { SimBlock, SimLog } from './chain.ts'
import { type Fields, fixed, type ModelDefinition, nameOf } from './definition.ts'

/** A job as it must be stored after some block. */
export interface ExpectedJob {
  blockNumber: number
  logIndex: number
  jobId: string
  fields: Fields
  /** its JSON */
  data: string
}

interface ExpectedChange {
  blockNumber: number
  logIndex: number
  job: ExpectedJob
  event: string
  status: string
  timestamp: string
  transactionHash: Hex
  /** JSON of the job before it */
  before: string
}

interface ExpectedUnapplied {
  blockNumber: number
  cause: 'malformed' | 'unknown_job'
  log: SimLog
}

/** An entry of the feed, without its id. */
interface ExpectedEntry {
  type: string
  data: string
  before: string | null
}

/** The rows that the store must hold after a block was indexed. */
export interface Expected {
  /** in order of creation */
  jobs: ExpectedJob[]
  changes: ExpectedChange[]
  unapplied: ExpectedUnapplied[]
  /** one entry for each log of the block that has an effect */
  entries: ExpectedEntry[]
}

const NOTHING: Expected = { jobs: [], changes: [], unapplied: [], entries: [] }

/**
 * Computes the expected index that begins at `startBlock` from the specs of the logs. It shares no code with
 * the indexer's decoding, folding or storage.
 */
export function createExpectations({ empty }: ModelDefinition, startBlock: number) {
  const memo = new Map<SimBlock, Expected>()

  /** @param block null for the block before the first one of a chain */
  function at(block: SimBlock | null): Expected {
    if (!block || block.number < startBlock) return NOTHING
    let expected = memo.get(block)
    if (!expected) {
      expected = block.logs.reduce(apply(block), { ...at(block.parent), entries: [] })
      memo.set(block, expected)
    }
    return expected
  }

  const apply =
    (block: SimBlock) =>
    (state: Expected, log: SimLog): Expected => {
      const { spec, logIndex, transactionHash } = log
      const position = { blockNumber: block.number, logIndex }
      const unapplied = (cause: ExpectedUnapplied['cause']): Expected => ({
        ...state,
        unapplied: [...state.unapplied, { blockNumber: block.number, cause, log }],
      })
      if (spec.damage || spec.fits === false) return unapplied('malformed')
      const jobId = String(spec.jobId)
      if (spec.creates) {
        const fields: Fields = {
          ...empty,
          ...spec.set,
          jobId,
          status: 'OPEN',
          onchainCreatedAt: String(block.timestamp),
          creationTxHash: transactionHash,
          blockNumber: String(block.number),
        }
        const job = { ...position, jobId, fields, data: JSON.stringify(fields) }
        const entry = { type: 'job_created', data: job.data, before: null }
        return { ...state, jobs: [...state.jobs, job], entries: [...state.entries, entry] }
      }
      const index = state.jobs.findLastIndex((job) => job.jobId === jobId)
      const old = state.jobs[index]
      if (!old) return unapplied('unknown_job')
      const fields = { ...old.fields, ...spec.set }
      const job = { ...old, fields, data: JSON.stringify(fields) }
      const change: ExpectedChange = {
        ...position,
        job,
        event: nameOf(spec.event),
        status: String(fields.status),
        timestamp: String(block.timestamp),
        transactionHash,
        before: old.data,
      }
      return {
        ...state,
        jobs: state.jobs.with(index, job),
        changes: [...state.changes, change],
        entries: [...state.entries, { type: 'job_updated', data: job.data, before: old.data }],
      }
    }

  /** The feed entries of a move of the index from one block to a descendant or an ancestor. */
  function entries(from: SimBlock | null, to: SimBlock | null): ExpectedEntry[] {
    const [fromNumber, toNumber] = [from?.number ?? -1, to?.number ?? -1]
    if (toNumber >= fromNumber) {
      const newestFirst: ExpectedEntry[][] = []
      for (let block = to; block && block.number > fromNumber; block = block.parent)
        newestFirst.push(at(block).entries)
      return newestFirst.reverse().flat()
    }
    const [before, now] = [at(from), at(to)]
    const removed = before.jobs.filter(({ blockNumber }) => blockNumber > toNumber).reverse()
    const undone = before.changes.filter(({ blockNumber }) => blockNumber > toNumber)
    const restored = now.jobs.flatMap((job, i) => {
      const old = before.jobs[i] as ExpectedJob
      return undone.some((change) => isSame(change.job, job)) ? [{ job, old }] : []
    })
    return [
      ...removed.map(({ data }) => ({ type: 'job_removed', data, before: null })),
      ...restored.map(({ job, old }) => ({ type: 'job_updated', data: job.data, before: old.data })),
    ]
  }

  return { at, entries }
}

export type Expectations = ReturnType<typeof createExpectations>

function isSame(a: ExpectedJob, b: ExpectedJob): boolean {
  return a.blockNumber === b.blockNumber && a.logIndex === b.logIndex
}

/** Jobs and amounts by tally key, as the table of totals must hold them. */
export function totalsOf(
  { tallyFields, sum }: ModelDefinition,
  jobs: ExpectedJob[],
): [string, number, string][] {
  const tallyKeyOf = ({ fields }: ExpectedJob) =>
    JSON.stringify(Object.fromEntries(tallyFields.map((name) => [name, fields[name]])))
  return tally(jobs, tallyKeyOf, sum)
}

/** Jobs and amounts by hour of creation and choice, as the table of hours must hold them. */
export function hoursOf(
  { choice, sum }: ModelDefinition,
  jobs: ExpectedJob[],
): [string, string, number, string][] {
  const nameOfHour = ({ fields }: ExpectedJob) => {
    const second = Number(fields.onchainCreatedAt)
    return `${second - (second % 3600)} ${choice ? fields[choice] : ''}`
  }
  return tally(jobs, nameOfHour, sum).map(([name, ...rest]) => {
    const [hour, value] = name.split(' ') as [string, string]
    return [hour, value, ...rest]
  })
}

function tally(
  jobs: ExpectedJob[],
  name: (job: ExpectedJob) => string,
  sum: ModelDefinition['sum'],
): [string, number, string][] {
  const counts = new Map<string, [jobs: number, units: bigint]>()
  for (const job of jobs) {
    const [count, units] = counts.get(name(job)) ?? [0, 0n]
    const more = sum ? BigInt(String(job.fields[sum.field]).replace('.', '')) : 0n
    counts.set(name(job), [count + 1, units + more])
  }
  return [...counts.keys()].sort().map((each) => {
    const [count, units] = counts.get(each) as [number, bigint]
    return [each, count, fixed(units, sum?.decimals ?? 0)]
  })
}
