import { type Header, IncompleteAnswerError } from '../chain/source.ts'
import type { IndexerContext } from './context.ts'

/** Headers of consecutive blocks, in chain order. */
export type HeaderChain = [Header, ...Header[]]

/**
 * Reads the headers of the blocks `from..to`, of which `head` may be one.
 * @throws IncompleteAnswerError if the node lacks one
 */
export async function readHeaders(
  { source }: IndexerContext,
  from: number,
  to: number,
  head: Header,
): Promise<HeaderChain> {
  const numbers = Array.from({ length: to - from + 1 }, (_, i) => from + i)
  const found = await source.headers(numbers.filter((number) => number !== head.number))
  const byNumber = new Map([...found, head].map((header) => [header?.number, header]))
  const headerOf = (number: number) => {
    const header = byNumber.get(number)
    if (!header) throw new IncompleteAnswerError(`the node has no block ${number} yet`)
    return header
  }
  return [headerOf(from), ...numbers.slice(1).map(headerOf)]
}

/** @throws IncompleteAnswerError if a block is not the child of the one before it */
export function assertLinked([first, ...others]: HeaderChain): void {
  let parent = first
  for (const header of others) {
    if (header.parentHash !== parent.hash)
      throw new IncompleteAnswerError(`block ${header.number} is not the child of the block before it`)
    parent = header
  }
}
