import { createEntry, goneEntry, insertSorted, isNewer, jobKey, replaceEntry } from './entries.js'

/** Maximum number of jobs in the list. To see older ones, a reader has to filter. */
export const MAX_JOBS = 20_000
/**
 * Maximum number of jobs that wait while the list is held. If more would appear, the list is read again
 * afterwards.
 */
export const MAX_WAITING = 1000
/** How long the row of a job that is gone stays, struck out. */
const GONE_MS = 6000

/**
 * Creates the list of the page's jobs, newest first, as entries (see entries.js). It does not touch the document.
 * `onChange` is called after every change. While the list is held, no event makes a row appear or disappear;
 * jobs that would appear wait.
 */
export function createList(onChange) {
  return {
    entries: [],
    /**
     * key → entry, of each loaded job that exists and matches, also those in `waiting`; those counted in `missed` are
     * not stored
     */
    live: new Map(),
    /** entries that wait while the list is held, in the order of their events */
    waiting: [],
    /** number of jobs that wait beyond MAX_WAITING */
    missed: 0,
    isHeld: false,
    /** the oldest job that was loaded, even if it is gone since: `nextPage` begins after it */
    oldest: undefined,
    /** query parameters of the next page of older jobs; null if every job is loaded */
    nextPage: null,
    onChange,
  }
}

/** Returns the jobs of `list.live`. */
export const liveJobs = (list) => Array.from(list.live.values(), ({ job }) => job)

/** Returns the number of jobs that wait. */
export const waitingCount = (list) => list.waiting.length + list.missed

/**
 * Returns whether a fresh history has at least as many jobs as the list. While the list is held, the history must
 * also reach down to the list's last row. Otherwise `refreshList()` would drop rows.
 */
export function coversList(list, jobs) {
  if (jobs.length < list.entries.length + waitingCount(list)) return false
  const last = list.entries.at(-1)
  return !list.isHeld || last === undefined || !isNewer(jobs.at(-1), last.job)
}

/** Returns whether older jobs exist that the list has no room for. */
export const isFull = (list) => list.entries.length >= MAX_JOBS && list.nextPage !== null

/** Returns the query parameters of the next page of older jobs; null if there is none, or no room for it. */
export const olderPage = (list) => (isFull(list) ? null : list.nextPage)

/** Returns the time, in unix seconds, from which on the list has every job; 0 if it has the whole history. */
export function completeSince({ oldest, nextPage }) {
  return nextPage === null ? 0 : Number(oldest.onchainCreatedAt)
}

/** Replaces the jobs, after the filters have changed. `next` is the history's cursor, or null. */
export function resetList(list, jobs, next) {
  list.live = new Map()
  list.waiting = []
  list.missed = 0
  list.entries = jobs.map((job) => put(list, createEntry(job)))
  list.oldest = jobs.at(-1)
  list.nextPage = pageAt(next)
  list.onChange()
}

/**
 * Brings the list up to date with a fresh history of the same filters. Entries whose job is unchanged stay. Rows
 * older than the history are dropped. If the list is held and the history contains none of its rows, the history
 * replaces all rows, and no job waits.
 * @param reason why jobs that are missing from the history are gone: 'removed' or 'left'
 */
export function refreshList(list, jobs, next, reason) {
  const before = list.live
  const shown = new Set(list.entries.filter(({ gone }) => !gone).map(({ key }) => key))
  const keepsRows = list.isHeld && jobs.some((job) => shown.has(jobKey(job)))
  const oldest = jobs.at(-1)
  // A job older than the fresh history is not missing: it was not read.
  const isCovered = (job) => next === null || (oldest && isNewer(job, oldest))

  const entries = []
  const waiting = []
  list.live = new Map()
  for (const job of jobs) {
    const key = jobKey(job)
    const old = before.get(key)
    const isUnchanged = old && JSON.stringify(old.job) === JSON.stringify(job)
    // A job older than the list's end is not new: it had not been read.
    const isNew = !shown.has(key) && isInRange(list, job)
    const entry = put(list, isUnchanged ? old : createEntry(job, isNew ? 'new' : old && 'changed'))
    if (keepsRows && isNew) waiting.unshift(entry)
    else entries.push(entry)
  }
  const rows = new Set(entries.map(({ key }) => key))
  const missing = list.entries.filter(({ key, job }) => !rows.has(key) && isCovered(job))
  for (const entry of missing) {
    if (!entry.gone) insertSorted(entries, goneEntry(entry, reason))
    else if (keepsRows) insertSorted(entries, entry)
  }
  Object.assign(list, { entries, waiting, missed: 0, oldest, nextPage: pageAt(next) })
  list.onChange()
}

/** Adds a page of older jobs. */
export function appendOlder(list, jobs, next) {
  for (const job of jobs) if (!list.live.has(jobKey(job))) list.entries.push(put(list, createEntry(job)))
  list.oldest = jobs.at(-1) ?? list.oldest
  list.nextPage = pageAt(next)
  list.onChange()
}

/**
 * Applies `job_created`. A job below the loaded part is ignored, because its page will contain it: a reorg may
 * create one there.
 */
export function addJob(list, job) {
  const entry = createEntry(job, 'new')
  if (list.live.has(entry.key) || !isInRange(list, job)) return
  enter(list, entry)
  list.onChange()
}

/**
 * Applies `job_updated`.
 * @param matches whether the job matches the filters now
 * @returns false if it is unknown whether the job matched before, so that the number of matches is
 * unknown too
 */
export function updateJob(list, job, matches) {
  const old = list.live.get(jobKey(job))
  if (old && matches) {
    const isWaiting = list.waiting.includes(old)
    const entry = put(list, createEntry(job, isWaiting ? 'new' : 'changed'))
    replaceEntry(isWaiting ? list.waiting : list.entries, old, entry)
  } else if (old) strikeOut(list, old, 'left')
  // If jobs are missed, this may be one of them.
  else if (matches && isInRange(list, job) && list.missed === 0) enter(list, createEntry(job, 'new'))
  list.onChange()
  return old !== undefined || !matches
}

/** Applies `job_removed`. */
export function removeJob(list, job) {
  const entry = list.live.get(jobKey(job))
  if (entry) strikeOut(list, entry, 'removed')
  list.onChange()
}

/**
 * Holds the list or releases it.
 * @returns false if more jobs would have appeared meanwhile than may wait: the list must be read again
 */
export function holdList(list, isHeld) {
  list.isHeld = isHeld
  if (isHeld) return true
  if (list.missed > 0) return false
  insert(list, list.waiting)
  list.waiting = []
  list.onChange()
  return true
}

/** Drops the rows of jobs that have been gone for some seconds. `now` is in ms. */
export function dropGone(list, now = Date.now()) {
  if (list.isHeld) return
  const kept = list.entries.filter(({ goneAt }) => goneAt === undefined || now - goneAt < GONE_MS)
  if (kept.length === list.entries.length) return
  list.entries = kept
  list.onChange()
}

/** Adds an entry to the jobs. While the list is held, it waits. */
function enter(list, entry) {
  if (!list.isHeld) insert(list, [put(list, entry)])
  else if (list.missed > 0 || list.waiting.length >= MAX_WAITING) list.missed += 1
  else list.waiting.push(put(list, entry))
}

/**
 * Shows entries. They replace struck-out rows of the same jobs: a job that is gone may return under the same
 * key.
 */
function insert(list, added) {
  const keys = new Set(added.map(({ key }) => key))
  list.entries = list.entries.filter(({ key, gone }) => !gone || !keys.has(key))
  for (const entry of added) insertSorted(list.entries, entry)
  trim(list)
}

function put(list, entry) {
  list.live.set(entry.key, entry)
  return entry
}

/** Strikes out the row of a job that is gone. If the job waits, there is no row. */
function strikeOut(list, entry, gone) {
  list.live.delete(entry.key)
  if (list.waiting.includes(entry)) list.waiting = list.waiting.filter((each) => each !== entry)
  else replaceEntry(list.entries, entry, goneEntry(entry, gone))
}

function trim(list) {
  if (list.entries.length <= MAX_JOBS) return
  for (const { key } of list.entries.splice(MAX_JOBS)) list.live.delete(key)
  // There is no cursor for the new end, so the next page begins at its block. appendOlder() skips the jobs
  // that are already here.
  list.oldest = list.entries.at(-1).job
  list.nextPage = { toBlock: list.oldest.blockNumber }
}

/** Returns whether a job belongs into the part of the history that is loaded. */
function isInRange({ oldest, nextPage }, job) {
  return nextPage === null || !isNewer(oldest, job)
}

const pageAt = (cursor) => (cursor === null ? null : { cursor })
