import type { JobBase } from './job.ts'
import type { MirrorChange } from './mirror.ts'

/** The changes of a mirror that its loop has not taken yet: at most one for each job. */
export interface Pending<J extends JobBase> {
  /** Records a job as it is now and whether it is to be in the map, before the map is changed. */
  noteJob(key: string, job: J, inMap: boolean): void
  noteSynced(synced: boolean): void
  /** Takes the oldest change, with the state the map has now; undefined if there is none. */
  take(): MirrorChange<J> | undefined
  /** Resolves at the next change, or when `wake` is called. */
  next(): Promise<void>
  wake(): void
}

/** No key of a job is empty. */
const SYNCED = ''

/** @param jobs the map of the mirror */
export function createPending<J extends JobBase>(jobs: ReadonlyMap<string, J>): Pending<J> {
  const changes = new Map<string, { before: J | undefined; last: J | undefined }>()
  let synced = false
  let takenSynced = false
  let wake = () => {}

  function taken(key: string): MirrorChange<J> | undefined {
    const { before, last } = changes.get(key) ?? {}
    changes.delete(key)
    const job = jobs.get(key)
    if (before === undefined) return job && { type: 'added', job }
    if (job === undefined) return { type: 'removed', job: last ?? before, before }
    // A change that was taken back meanwhile is none.
    return JSON.stringify(before) === JSON.stringify(job) ? undefined : { type: 'changed', job, before }
  }

  return {
    noteJob(key, last, inMap) {
      const earlier = changes.get(key)
      const before = earlier ? earlier.before : jobs.get(key)
      if (before === undefined && !inMap) changes.delete(key)
      else changes.set(key, { before, last })
      wake()
    },
    noteSynced(now) {
      synced = now
      // Behind the changes that led to it.
      changes.delete(SYNCED)
      changes.set(SYNCED, { before: undefined, last: undefined })
      wake()
    },
    take() {
      for (const key of changes.keys()) {
        if (key !== SYNCED) {
          const change = taken(key)
          if (change) return change
          continue
        }
        changes.delete(SYNCED)
        if (synced === takenSynced) continue
        takenSynced = synced
        return synced ? { type: 'synced' } : { type: 'stale' }
      }
      return undefined
    },
    next: () =>
      new Promise((resolve) => {
        wake = resolve
      }),
    wake: () => wake(),
  }
}
