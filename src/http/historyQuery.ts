import { type Static, Type } from 'typebox'
import { type FilterRule, filterParameters, parseFilter } from '../contract/filters.ts'
import { BadRequestError } from '../errors.ts'
import type { HistoryQuery } from '../store/history.ts'
import type { LogPosition } from '../store/writes.ts'

/** Number of jobs that `page` can reach: Postgres reads and skips all rows before a page. */
const DEEPEST_JOB = 10_000

const PAGE_TAKES = `a number from 1; page × limit is at most ${DEEPEST_JOB} (use cursor to read further)`
const LIMIT_TAKES = 'a number of jobs per page, 1 to 100'
const BLOCK_NUMBER = '^[0-9]{1,15}$'

/** The parameters that only the history has. A 400 repeats their descriptions. */
const PageParameters = Type.Object({
  fromBlock: Type.Optional(
    Type.String({ pattern: BLOCK_NUMBER, description: 'a block number, inclusive', examples: ['1000'] }),
  ),
  toBlock: Type.Optional(
    Type.String({ pattern: BLOCK_NUMBER, description: 'a block number, inclusive', examples: ['2000'] }),
  ),
  order: Type.String({ enum: ['desc', 'asc'], default: 'desc', description: 'desc (newest first) or asc' }),
  page: Type.Integer({ minimum: 1, maximum: DEEPEST_JOB, default: 1, description: PAGE_TAKES }),
  limit: Type.Integer({ minimum: 1, maximum: 100, default: 20, description: LIMIT_TAKES }),
  cursor: Type.Optional(
    Type.String({
      pattern: '^[0-9a-z]{1,12}-[0-9a-z]{1,8}$',
      description: 'the pagination.next of an answer to the same query',
    }),
  ),
})

/** Returns the query of the history: the contract's filters, and the parameters that only the history has. */
export function historyParameters(rules: FilterRule[]) {
  return { ...filterParameters(rules), ...PageParameters.properties }
}

/**
 * Reads a validated query.
 * @throws BadRequestError for bad values that the schema accepts
 */
export function parseHistoryQuery(rules: FilterRule[], query: Static<typeof PageParameters>): HistoryQuery {
  const { order, page, limit, cursor, fromBlock, toBlock } = query
  if (cursor !== undefined && page !== 1)
    throw new BadRequestError('page and cursor exclude each other: give one of them')
  if (page * limit > DEEPEST_JOB)
    throw new BadRequestError(`page takes ${PAGE_TAKES}; ${page} × ${limit} is more`)
  const parsed: HistoryQuery = {
    filter: parseFilter(rules, query),
    order: order === 'asc' ? 'asc' : 'desc',
    limit,
    offset: (page - 1) * limit,
  }
  if (fromBlock !== undefined) parsed.fromBlock = Number(fromBlock)
  if (toBlock !== undefined) parsed.toBlock = Number(toBlock)
  if (parsed.fromBlock !== undefined && parsed.toBlock !== undefined && parsed.fromBlock > parsed.toBlock)
    throw new BadRequestError('fromBlock is above toBlock: no job can match')
  if (cursor !== undefined) parsed.after = decodeCursor(cursor)
  return parsed
}

/**
 * Refuses texts that the validation would coerce to a number, such as `1e1`, `0x10` and ` 5`. It runs before
 * the validation.
 * @throws BadRequestError
 */
export function assertPlainNumbers(query: { page?: unknown; limit?: unknown }): void {
  for (const name of ['page', 'limit'] as const) {
    const text = query[name]
    if (typeof text === 'string' && !/^[0-9]{1,9}$/.test(text))
      throw new BadRequestError(`${name} takes plain digits: ${name === 'page' ? PAGE_TAKES : LIMIT_TAKES}`)
  }
}

/** Encodes a position as a value of `cursor=`, which is opaque to clients. */
export function encodeCursor({ blockNumber, logIndex }: LogPosition): string {
  return `${blockNumber.toString(36)}-${logIndex.toString(36)}`
}

function decodeCursor(cursor: string): LogPosition {
  const [blockNumber = Number.NaN, logIndex = Number.NaN] = cursor
    .split('-')
    .map((part) => Number.parseInt(part, 36))
  if (!Number.isSafeInteger(blockNumber) || !(logIndex < 2 ** 31))
    throw new BadRequestError('cursor takes the pagination.next of an answer to the same query')
  return { blockNumber, logIndex }
}
