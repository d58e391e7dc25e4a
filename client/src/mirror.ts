import type { Job, JobBase } from './job.ts'
import { createMirrorState, type MirrorState, maintain } from './maintain.ts'
import type { MirrorChange } from './pending.ts'
import type { StreamOptions } from './subscribe.ts'

export type MirrorOptions = StreamOptions

/** The jobs of a server that match a filter, kept up to date. Made by {@link mirror}. */
export interface Mirror<J extends JobBase = Job> extends AsyncIterable<MirrorChange<J>> {
  /** The jobs that match, by {@link jobKey}: a contract may use a `jobId` twice. */
  readonly jobs: ReadonlyMap<string, J>
  /**
   * Whether `jobs` has everything that the server has. It is false until the history is read, and after a
   * lost connection until the missed events have arrived.
   * @throws the error that ended the mirror, such as the JobcastError of a refusal
   */
  readonly synced: boolean
  /**
   * Resolves once `synced` is true. Rejects with the error that ended the mirror, or with the
   * signal's reason.
   */
  whenSynced(): Promise<void>
}

/**
 * Holds the jobs that match a filter in a map, across restarts of the server, reorgs and gaps. With
 * `{ filter: { status: ['OPEN'] } }` it is the list of jobs that can be taken now. It starts at once, and is
 * kept up to date in the background.
 *
 * Iterate over it for the changes; the jobs that it already has come first. Each `change.job` is the state
 * that the map has now: if a job changes several times while the loop is busy, that is one change. Only one
 * loop is allowed.
 *
 * Abort `signal` or leave the loop to end it. `jobs` then stays as it is, and `synced` is false.
 */
export function mirror<J extends JobBase = Job>(url: string | URL, options: MirrorOptions = {}): Mirror<J> {
  const own = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, own.signal]) : own.signal
  const state = createMirrorState<J>()
  let looping = false

  async function* changes(): AsyncGenerator<MirrorChange<J>, void, undefined> {
    if (looping) throw new Error('the changes of this mirror were already iterated; make a second mirror')
    looping = true
    try {
      yield* pendingChanges(state, signal)
    } finally {
      own.abort()
    }
  }

  void maintain(state, url, { ...options, signal })
  return {
    jobs: state.jobs,
    get synced() {
      if (state.end?.failed) throw state.end.reason
      return state.synced
    },
    async whenSynced() {
      while (!state.synced) {
        if (state.end) throw state.end.reason
        await state.changed.wait()
      }
    },
    [Symbol.asyncIterator]: changes,
  }
}

async function* pendingChanges<J extends JobBase>(
  state: MirrorState<J>,
  signal: AbortSignal,
): AsyncGenerator<MirrorChange<J>, void, undefined> {
  while (!signal.aborted) {
    const change = state.pending.take()
    if (change) yield change
    else if (state.end?.failed) throw state.end.reason
    else await state.changed.wait()
  }
}
