import { type Static, Type } from 'typebox'
import { BadRequestError } from './errors.ts'
import { type Filter, filterParameters, parseFilter } from './filter.ts'
import { type Job, jobStatuses } from './job.ts'

/** A place in the history: the next page begins behind it. */
export interface Place {
  blockNumber: number
  logIndex: number
}

export interface HistoryQuery extends Filter {
  status?: string[]
  fromBlock?: number
  toBlock?: number
  order: 'asc' | 'desc'
  limit: number
  /** rows to pass over, for people who count pages; 0 with `after` */
  offset: number
  after?: Place | undefined
}

export interface HistoryPage {
  jobs: Job[]
  /** all jobs of the query; see {@link TOTAL_LIMIT} */
  total: number
  /** the place of the last job, where there are more behind it */
  next: Place | null
  /** the feed's last id at the same instant as the rows */
  lastId: number
}

/**
 * `total` is always exact for filters of strategy, level and status alone: tallies know it, at any size. With a client, a
 * budget or a block range it is counted, and counting ends behind this number: it is exact up to here, and one more
 * means "more than this".
 */
export const TOTAL_LIMIT = 10_000

const blockNumber = '^[0-9]{1,15}$'

/** The history's query parameters; descriptions are also what a 400 says. */
export const historyParameters = {
  ...filterParameters,
  status: Type.Optional(
    Type.String({
      pattern: `^(${jobStatuses.join('|')})(,(${jobStatuses.join('|')}))*$`,
      description: `any of ${jobStatuses.join(', ')}, comma-separated`,
      examples: ['OPEN'],
    }),
  ),
  fromBlock: Type.Optional(
    Type.String({ pattern: blockNumber, description: 'a block number, inclusive', examples: ['1000'] }),
  ),
  toBlock: Type.Optional(
    Type.String({ pattern: blockNumber, description: 'a block number, inclusive', examples: ['2000'] }),
  ),
  order: Type.String({
    enum: ['desc', 'asc'],
    default: 'desc',
    description: 'desc (newest first) or asc',
  }),
  page: Type.Integer({ minimum: 1, maximum: 1_000_000, default: 1, description: 'a number from 1 on' }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: 'jobs a page, 1 to 100' }),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[0-9a-z]{1,12}-[0-9a-z]{1,8}$',
      description: 'the pagination.next of an answer to the same query',
    }),
  ),
}

const Parameters = Type.Object(historyParameters)

/**
 * Reads a validated query.
 * @throws BadRequestError for what a pattern cannot tell
 */
export function parseHistoryQuery(query: Static<typeof Parameters>): HistoryQuery {
  if (query.cursor !== undefined && query.page !== 1)
    throw new BadRequestError('page and cursor exclude each other: give one of them')
  const parsed: HistoryQuery = {
    ...parseFilter(query),
    order: query.order as HistoryQuery['order'],
    limit: query.limit,
    offset: (query.page - 1) * query.limit,
  }
  if (query.status !== undefined) parsed.status = query.status.split(',')
  if (query.fromBlock !== undefined) parsed.fromBlock = Number(query.fromBlock)
  if (query.toBlock !== undefined) parsed.toBlock = Number(query.toBlock)
  if (query.cursor !== undefined) parsed.after = decodePlace(query.cursor)
  return parsed
}

/** A place as the opaque `cursor=` of API clients. */
export function encodePlace({ blockNumber, logIndex }: Place): string {
  return `${blockNumber.toString(36)}-${logIndex.toString(36)}`
}

function decodePlace(cursor: string): Place {
  const [blockNumber, logIndex] = cursor.split('-').map((part) => Number.parseInt(part, 36))
  if (!Number.isSafeInteger(blockNumber) || (logIndex as number) > 2 ** 31 - 1)
    throw new BadRequestError('cursor takes the pagination.next of an answer to the same query')
  return { blockNumber: blockNumber as number, logIndex: logIndex as number }
}
