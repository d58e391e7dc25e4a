import { createEntry, entryKey, insertSorted, isNewer, leavingEntry, replaceEntry } from './entries.js'

/** Maximum number of jobs in the list. To see older ones, a reader has to filter. */
export const MAX_JOBS = 20_000
/**
 * Maximum number of jobs that wait while the list is held. If more arrive, the list is read again afterwards.
 */
const MAX_WAITING = 1000
/** How long the row of a job that left stays, struck out. */
const LEAVING_MS = 6000

/**
 * Creates the list of the page's jobs, newest first, as entries (see entries.js). No element is involved. `onChange` is
 * called after every change. While the list is held, new jobs wait and no row disappears.
 */
export function createList(onChange) {
  return {
    entries: [],
    /** key → entry, of the jobs that are on the chain and match, including those that wait */
    live: new Map(),
    /** new jobs that arrived while the list was held, oldest first */
    waiting: [],
    /** number of new jobs beyond MAX_WAITING */
    missed: 0,
    isHeld: false,
    /** query parameters of the next page of older jobs; null if every job is loaded */
    nextPage: null,
    onChange,
  }
}

/** Returns the jobs that are on the chain and match, including those that wait. */
export const liveJobs = (list) => Array.from(list.live.values(), ({ job }) => job)

/** Returns the number of new jobs that wait. */
export const waitingCount = (list) => list.waiting.length + list.missed

/** Returns whether older jobs exist that the list has no room for. */
export const isFull = (list) => list.entries.length >= MAX_JOBS && list.nextPage !== null

/** Returns the query parameters of the next page of older jobs; null if there is none, or no room for it. */
export const olderPage = (list) => (isFull(list) ? null : list.nextPage)

/** Returns Unix seconds since when every job is in the list; 0 if the whole history is. */
export function completeSince({ entries, nextPage }) {
  return nextPage === null || entries.length === 0 ? 0 : Number(entries.at(-1).job.onchainCreatedAt)
}

/** Replaces the jobs, after the filters have changed. `next` is the history's cursor, or null. */
export function resetList(list, jobs, next) {
  list.live = new Map()
  list.waiting = []
  list.missed = 0
  list.entries = jobs.map((job) => put(list, createEntry(job)))
  list.nextPage = pageAt(next)
  list.onChange()
}

/**
 * Brings the list up to date with a fresh history of the same filters. Entries whose job is unchanged stay.
 * @param gone why jobs that are missing from the history have left: 'removed' or 'left'
 */
export function refreshList(list, jobs, next, gone) {
  const before = list.live
  const shown = new Set(list.entries.filter(({ gone }) => !gone).map(({ key }) => key))
  const firstKnown = jobs.findIndex((job) => shown.has(entryKey(job)))
  const keys = new Set(jobs.map(entryKey))
  const oldest = jobs.at(-1)
  // A job older than the fresh history is not missing: it was not read.
  const isCovered = (job) => next === null || (oldest && isNewer(job, oldest))
  const missing = list.entries.filter((entry) => !entry.gone && !keys.has(entry.key) && isCovered(entry.job))

  list.live = new Map()
  const fresh = jobs.map((job) => {
    const old = before.get(entryKey(job))
    if (old && JSON.stringify(old.job) === JSON.stringify(job)) return put(list, old)
    return put(list, createEntry(job, old ? 'changed' : 'new'))
  })
  const firstShown = list.isHeld && firstKnown > 0 ? firstKnown : 0
  list.waiting = fresh.slice(0, firstShown).reverse()
  list.missed = 0
  list.entries = fresh.slice(firstShown)
  for (const entry of missing) insertSorted(list.entries, leavingEntry(entry, gone))
  list.nextPage = pageAt(next)
  list.onChange()
}

/** Adds a page of older jobs. */
export function appendOlder(list, jobs, next) {
  for (const job of jobs) if (!list.live.has(entryKey(job))) list.entries.push(put(list, createEntry(job)))
  list.nextPage = pageAt(next)
  list.onChange()
}

/** Applies `job_created`. */
export function addJob(list, job) {
  const entry = createEntry(job, 'new')
  if (list.live.has(entry.key)) return
  if (!list.isHeld) prepend(list, [put(list, entry)])
  else if (list.missed > 0 || list.waiting.length === MAX_WAITING) list.missed += 1
  else list.waiting.push(put(list, entry))
  trim(list)
  list.onChange()
}

/**
 * Applies `job_updated`.
 * @param passes whether the job matches the filters now
 * @returns false if it is unknown whether the job matched before, so that the number of matches is
 * unknown too
 */
export function updateJob(list, job, passes) {
  const old = list.live.get(entryKey(job))
  if (old && passes) {
    const isWaiting = list.waiting.includes(old)
    const entry = put(list, createEntry(job, isWaiting ? 'new' : 'changed'))
    replaceEntry(isWaiting ? list.waiting : list.entries, old, entry)
  } else if (old) leave(list, old, 'left')
  else if (passes && isInRange(list, job) && list.missed === 0) {
    list.entries = list.entries.filter(({ key }) => key !== entryKey(job))
    insertSorted(list.entries, put(list, createEntry(job, 'new')))
  }
  list.onChange()
  return old !== undefined || !passes
}

/** Applies `job_removed`. */
export function removeJob(list, job) {
  const entry = list.live.get(entryKey(job))
  if (entry) leave(list, entry, 'removed')
  list.onChange()
}

/**
 * Holds the list or releases it.
 * @returns false if more jobs arrived meanwhile than may wait: the list must be read again
 */
export function holdList(list, isHeld) {
  list.isHeld = isHeld
  if (isHeld) return true
  if (list.missed > 0) return false
  prepend(list, list.waiting.reverse())
  list.waiting = []
  trim(list)
  list.onChange()
  return true
}

/** Drops the rows of jobs that left some seconds ago. `now` is in ms. */
export function dropLeft(list, now = Date.now()) {
  if (list.isHeld) return
  const kept = list.entries.filter(({ goneAt }) => goneAt === undefined || now - goneAt < LEAVING_MS)
  if (kept.length === list.entries.length) return
  list.entries = kept
  list.onChange()
}

/**
 * Shows new entries. A struck-out row of the same job goes: a reorg may create a job again under the
 * same key.
 */
function prepend(list, entries) {
  const keys = new Set(entries.map(({ key }) => key))
  const isReplaced = ({ key, gone }) => gone && keys.has(key)
  // Few calls replace a row, so few copy the list.
  if (list.entries.some(isReplaced)) list.entries = list.entries.filter((entry) => !isReplaced(entry))
  list.entries.unshift(...entries)
}

function put(list, entry) {
  list.live.set(entry.key, entry)
  return entry
}

function leave(list, entry, gone) {
  list.live.delete(entry.key)
  if (list.waiting.includes(entry)) list.waiting = list.waiting.filter((each) => each !== entry)
  else replaceEntry(list.entries, entry, leavingEntry(entry, gone))
}

function trim(list) {
  if (list.entries.length <= MAX_JOBS) return
  for (const { key } of list.entries.splice(MAX_JOBS)) list.live.delete(key)
  // There is no cursor for the new end, so the next page begins at its block. appendOlder() skips the jobs
  // that are already here.
  list.nextPage = { toBlock: list.entries.at(-1).job.blockNumber }
}

/** Returns whether a job belongs into the part of the history that is loaded. */
function isInRange({ entries, nextPage }, job) {
  return nextPage === null || entries.some((entry) => isNewer(job, entry.job))
}

const pageAt = (cursor) => (cursor === null ? null : { cursor })
