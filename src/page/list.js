/** Jobs that the list keeps. A reader who scrolls further is told to filter. */
export const MAX_JOBS = 20_000
/** Jobs that wait while the list is held. Beyond it the list is loaded anew afterwards. */
const MAX_WAITING = 1000
/** How long a row that left stays, struck out. */
const LEAVING_MS = 6000

/**
 * The jobs of the page, newest first, without any element. An entry is `{ key, job, mark, gone, goneAt }` and never
 * changes: a change of the job puts another entry in its place.
 *
 * - `mark`: 'new' or 'changed' for what came from the stream
 * - `gone`: 'removed' (a reorg took the job) or 'left' (the filters match it no longer); undefined otherwise
 *
 * While the list is held, new jobs wait and nothing leaves.
 */
export function createList(onChange) {
  let entries = []
  let live = new Map() // key → entry, of the entries that are not gone, and of those that wait
  let waiting = [] // oldest first
  let missed = 0 // jobs that did not fit into `waiting`
  let held = false
  let older = null // where the history goes on, as query parameters; null at its end

  const put = (entry) => {
    live.set(entry.key, entry)
    return entry
  }

  const replace = (entry, next) => {
    const among = waiting.includes(entry) ? waiting : entries
    among[among.indexOf(entry)] = next
  }

  const leave = (entry, gone) => {
    live.delete(entry.key)
    if (waiting.includes(entry)) waiting = waiting.filter((each) => each !== entry)
    else replace(entry, { ...entry, gone, goneAt: Date.now() })
  }

  /** Puts entries where their jobs belong among the others. */
  const insert = (added) => {
    for (const entry of added) {
      const place = entries.findIndex((other) => isNewer(entry.job, other.job))
      entries.splice(place === -1 ? entries.length : place, 0, entry)
    }
  }

  const trim = () => {
    if (entries.length <= MAX_JOBS) return
    for (const { key } of entries.splice(MAX_JOBS)) live.delete(key)
    // A page's cursor does not say where the list was cut. The block does, and jobs that are here are not added twice.
    older = { toBlock: entries.at(-1).job.blockNumber }
  }

  const isLoaded = (job) => older === null || entries.some((entry) => isNewer(job, entry.job))

  return {
    get entries() {
      return entries
    },

    /** Jobs on the chain, those that wait included. */
    get jobs() {
      return Array.from(live.values(), ({ job }) => job)
    },

    get waiting() {
      return waiting.length + missed
    },

    /** Where the next page of older jobs begins, as query parameters; null if there is none. */
    get older() {
      return entries.length < MAX_JOBS ? older : null
    },

    get isCut() {
      return entries.length >= MAX_JOBS && older !== null
    },

    /** Unix seconds since which every job is here; 0 if the whole history is. */
    get coveredSince() {
      return older === null || entries.length === 0 ? 0 : Number(entries.at(-1).job.onchainCreatedAt)
    },

    /** The list of other filters, or the first one. */
    reset(jobs, next) {
      live = new Map()
      entries = jobs.map((job) => put(entryOf(job)))
      waiting = []
      missed = 0
      older = next === null ? null : { cursor: next }
      onChange()
    },

    /**
     * Makes the list what the history says now. Entries that are as they were stay.
     * @param gone what is said of jobs that the history no longer has
     */
    update(jobs, next, gone) {
      const before = live
      const known = jobs.findIndex((job) => before.has(keyOf(job)))
      const last = jobs.at(-1)
      const missing = entries.filter((entry) => !entry.gone && !jobs.some((job) => keyOf(job) === entry.key))
      const isCovered = ({ job }) => next === null || (last && isNewer(job, last))
      live = new Map()
      const fresh = jobs.map((job) => {
        const old = before.get(keyOf(job))
        if (old && JSON.stringify(old.job) === JSON.stringify(job)) return put(old)
        return put(entryOf(job, old ? 'changed' : 'new'))
      })
      const first = held && known > 0 ? known : 0
      waiting = fresh.slice(0, first).reverse()
      missed = 0
      entries = fresh.slice(first)
      insert(missing.filter(isCovered).map((entry) => ({ ...entry, gone, goneAt: Date.now() })))
      older = next === null ? null : { cursor: next }
      onChange()
    },

    /** Adds a page of older jobs. */
    append(jobs, next) {
      for (const job of jobs) if (!live.has(keyOf(job))) entries.push(put(entryOf(job)))
      older = next === null ? null : { cursor: next }
      onChange()
    },

    created(job) {
      const entry = entryOf(job, 'new')
      if (live.has(entry.key)) return
      if (!held) entries.unshift(put(entry))
      else if (missed > 0 || waiting.length === MAX_WAITING) missed += 1
      else waiting.push(put(entry))
      trim()
      onChange()
    },

    /**
     * @param passes whether the job matches the filters now
     * @returns false if the list cannot know whether the job matched before
     */
    updated(job, passes) {
      const entry = live.get(keyOf(job))
      if (entry && passes) replace(entry, put(entryOf(job, waiting.includes(entry) ? 'new' : 'changed')))
      else if (entry) leave(entry, 'left')
      else if (passes && isLoaded(job) && missed === 0) {
        entries = entries.filter(({ key }) => key !== keyOf(job))
        insert([put(entryOf(job, 'new'))])
      }
      onChange()
      return entry !== undefined || !passes
    },

    removed(job) {
      const entry = live.get(keyOf(job))
      if (entry) leave(entry, 'removed')
      onChange()
    },

    /**
     * While it is held, new jobs wait and nothing leaves.
     * @returns false if more jobs waited than the list keeps: it must be loaded anew
     */
    hold(value) {
      held = value
      if (held) return true
      if (missed > 0) return false
      entries.unshift(...waiting.reverse())
      waiting = []
      trim()
      onChange()
      return true
    },

    /** Drops what left some time ago. */
    sweep(now = Date.now()) {
      if (held) return
      const left = entries.filter(({ goneAt }) => goneAt === undefined || now - goneAt < LEAVING_MS)
      if (left.length === entries.length) return
      entries = left
      onChange()
    },
  }
}

/** Identifies a job: a contract may use an id twice, and a reorg may bring a job back in another block. */
function keyOf({ jobId, creationTxHash, blockNumber }) {
  return `${blockNumber}:${creationTxHash}:${jobId}`
}

function entryOf(job, mark) {
  return { key: keyOf(job), job, mark, gone: undefined, goneAt: undefined }
}

/** Whether a job belongs before another one. Jobs of one block are ordered by their logs, which grow with the ids. */
function isNewer(a, b) {
  if (a.blockNumber !== b.blockNumber) return BigInt(a.blockNumber) > BigInt(b.blockNumber)
  return /^\d+$/.test(a.jobId) && /^\d+$/.test(b.jobId) && BigInt(a.jobId) > BigInt(b.jobId)
}
