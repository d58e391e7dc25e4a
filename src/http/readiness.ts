import { withDeadline } from '../deadline.ts'
import { UnavailableError } from '../errors.ts'
import { staleness } from '../indexer/staleness.ts'
import { unwrap } from '../messages.ts'
import type { ServerOptions } from './options.ts'

/**
 * Deadline of the database's answer, in ms. Probes time out after a few seconds, and `/ready` must report the
 * reason before.
 */
const ANSWER_MS = 2_000

export type ReadinessOptions = Pick<ServerOptions, 'config' | 'readState' | 'haltReason'>

/** Returns why the server is not ready, without host names; undefined if it is ready. */
export async function notReadyReason(options: ReadinessOptions): Promise<string | undefined> {
  const late = () => new UnavailableError(`no answer within ${ANSWER_MS} ms`)
  try {
    const state = await withDeadline(options.readState(), ANSWER_MS, late)
    return options.haltReason() ?? staleness(state, options.config)
  } catch (error) {
    if (unwrap(error) instanceof UnavailableError) return 'the database is out of reach'
    throw error
  }
}
