import type { Job, JobBase } from './job.ts'

/** One change of a mirror's map, or of whether the map is up to date. */
export type MirrorChange<J extends JobBase = Job> =
  | { type: 'added'; job: J; before?: undefined }
  | { type: 'changed'; job: J; before: J }
  /**
   * `job`: its present state if it no longer matches, its last state if a reorg removed it. `before`: as the
   * map had it
   */
  | { type: 'removed'; job: J; before: J }
  | { type: 'synced'; job?: undefined; before?: undefined }
  | { type: 'stale'; job?: undefined; before?: undefined }

/** The changes of a mirror that its loop has not taken yet: at most one for each job. */
export interface Pending<J extends JobBase> {
  /** Records the last state of a job and whether it is to be in the map. Called before the map is changed. */
  noteJob(key: string, last: J, inMap: boolean): void
  noteSynced(synced: boolean): void
  /** Takes the oldest change, with the state that the map has now; undefined if there is none. */
  take(): MirrorChange<J> | undefined
}

/** Key of `synced` and `stale` among the changes. The key of a job is never empty. */
const SYNCED = ''

/** @param jobs the map of the mirror */
export function createPending<J extends JobBase>(jobs: ReadonlyMap<string, J>): Pending<J> {
  const changes = new Map<string, { before?: J | undefined; last?: J | undefined }>()
  let synced = false
  let takenSynced = false

  function takeJob(key: string): MirrorChange<J> | undefined {
    const { before, last } = changes.get(key) ?? {}
    changes.delete(key)
    const job = jobs.get(key)
    if (before === undefined) return job && { type: 'added', job }
    if (job === undefined) return { type: 'removed', job: last ?? before, before }
    // A change that was reversed in the meantime is skipped.
    return JSON.stringify(before) === JSON.stringify(job) ? undefined : { type: 'changed', job, before }
  }

  function takeSynced(): MirrorChange<J> | undefined {
    changes.delete(SYNCED)
    if (synced === takenSynced) return undefined
    takenSynced = synced
    return synced ? { type: 'synced' } : { type: 'stale' }
  }

  return {
    noteJob(key, last, inMap) {
      const earlier = changes.get(key)
      const before = earlier ? earlier.before : jobs.get(key)
      if (before === undefined && !inMap) changes.delete(key)
      else changes.set(key, { before, last })
    },
    noteSynced(now) {
      synced = now
      // Moved to the end: it comes after the changes that led to it.
      changes.delete(SYNCED)
      changes.set(SYNCED, {})
    },
    take() {
      for (const key of changes.keys()) {
        const change = key === SYNCED ? takeSynced() : takeJob(key)
        if (change) return change
      }
      return undefined
    },
  }
}
