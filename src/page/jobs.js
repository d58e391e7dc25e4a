import { keyedUrl } from './api.js'
import { pageUrl } from './filters.js'
import {
  ends,
  exact,
  integer,
  levelName,
  machineTime,
  relative,
  shortUsdc,
  strategyName,
  usdc,
} from './format.js'

/** Rows kept while jobs arrive at the top, and jobs that wait while the list is held. */
export const liveLimit = 500
/** Rows kept while the reader scrolls into the past; beyond it the newest make room. */
const historyLimit = 2000
// Long enough to gather a block's jobs into one change of the page, too short to see.
const gatherMs = 80

/**
 * The list of jobs, newest first, in a table body. Live jobs wait while the list is held (the reader is down in
 * it, or paused it) and are shown together afterwards. Bounded whatever arrives.
 *
 * `onChange(waiting)` is called after each change that is not the caller's own, with the number of jobs that
 * wait; `onGone(job)` for a job that left the chain.
 */
export function createJobList({ body, template, explorerUrl, currentFilters, onChange, onGone }) {
  keepRoles(body.closest('table'))
  keepRoles(template.content)
  const jobs = new WeakMap() // row → job
  const shown = new Map() // jobId → row, for jobs that are on the chain
  let waiting = [] // { job, removed }, oldest first
  let overflowed = false // older waiting jobs were dropped
  let older = null // where the history goes on, as query parameters
  let detached = false // the newest rows made room for older ones
  let held = false
  let timer

  const addRow = (job, place) => {
    const row = createRow(template, job, explorerUrl(), currentFilters())
    jobs.set(row, job)
    // The same id comes again after a reorg; a row struck out stays beside its successor.
    shown.get(job.jobId)?.remove()
    shown.set(job.jobId, row)
    place(row)
    return row
  }

  const dropRow = (row) => {
    const { jobId } = jobs.get(row)
    if (shown.get(jobId) === row) shown.delete(jobId)
    row.remove()
  }

  const strike = (row) => {
    const job = jobs.get(row)
    shown.delete(job.jobId)
    row.classList.add('removed')
    row.querySelector('[data-field=removed]').hidden = false
    row.querySelector('[data-field=deadline]').hidden = true
  }

  const lose = (row) => {
    onGone(jobs.get(row))
    strike(row)
  }

  const clear = () => {
    body.replaceChildren()
    shown.clear()
    waiting = []
    overflowed = false
    detached = false
    older = null
  }

  const schedule = () => {
    if (held || detached) return onChange(waiting.length)
    timer ??= setTimeout(flush, gatherMs)
  }

  const flush = () => {
    clearTimeout(timer)
    timer = undefined
    if (held || detached || waiting.length === 0) return onChange(waiting.length)
    const items = waiting
    waiting = []
    if (overflowed) {
      body.replaceChildren()
      shown.clear()
      older = { toBlock: items[0].job.blockNumber }
      overflowed = false
    }
    const empty = body.rows.length === 0
    const fragment = document.createDocumentFragment()
    for (const { job, removed } of items) {
      const row = addRow(job, (element) => fragment.prepend(element))
      if (!empty) row.classList.add('new')
      if (removed) strike(row)
    }
    body.prepend(fragment)
    if (body.rows.length > liveLimit) {
      while (body.rows.length > liveLimit) dropRow(body.lastElementChild)
      // A page's cursor says nothing of where we cut. Its block does, and rows shown are not shown twice.
      older = { toBlock: jobs.get(body.lastElementChild).blockNumber }
    }
    onChange(waiting.length)
  }

  return {
    clear,
    flush,

    get size() {
      return shown.size + waiting.length
    },

    get detached() {
      return detached
    },

    get older() {
      return older
    },

    /** Unix seconds since when every job is here; 0 where the whole history is. */
    get coveredSince() {
      const last = body.lastElementChild
      return older === null || last === null ? 0 : Number(jobs.get(last).onchainCreatedAt)
    },

    hold(value) {
      held = value
      if (!held) flush()
    },

    created(job) {
      waiting.push({ job, removed: false })
      if (waiting.length > liveLimit) {
        waiting.shift()
        overflowed = true
      }
      schedule()
    },

    removed(job) {
      const item = waiting.findLast((candidate) => candidate.job.jobId === job.jobId && !candidate.removed)
      const row = shown.get(job.jobId)
      if (item) item.removed = true
      else if (row) strike(row)
      onGone(job)
    },

    /**
     * Makes the list what a fresh history says: its newest jobs, and `next` where it goes on. Rows already here
     * stay the same elements, what is missing is put in its place, and what is gone is struck out.
     * @returns false where nothing of it was here, and the list began anew.
     */
    sync(history, next) {
      const ids = new Set(history.map((job) => job.jobId))
      for (const job of history) {
        const row = shown.get(job.jobId)
        // After a reorg another job can have the id.
        if (row && !isSame(jobs.get(row), job)) lose(row)
      }
      const firstKnown = history.findIndex((job) => shown.has(job.jobId))
      if (firstKnown === -1) {
        clear()
        for (const job of history) addRow(job, (row) => body.append(row))
      } else {
        for (const { job, removed } of waiting) if (!removed && !ids.has(job.jobId)) onGone(job)
        waiting = history
          .slice(0, firstKnown)
          .reverse()
          .map((job) => ({ job, removed: false }))
        overflowed = false
        let previous
        for (const job of history.slice(firstKnown)) {
          previous = shown.get(job.jobId) ?? addRow(job, (row) => previous.after(row))
        }
        while (previous.nextElementSibling) dropRow(previous.nextElementSibling)
        for (const [jobId, row] of shown) if (!ids.has(jobId)) lose(row)
        schedule()
      }
      older = next === null ? null : { cursor: next }
      return firstKnown !== -1
    },

    /** Adds a page of older jobs below. */
    append(page, next) {
      for (const job of page) if (!shown.has(job.jobId)) addRow(job, (row) => body.append(row))
      older = next === null ? null : { cursor: next }
      if (body.rows.length <= historyLimit) return
      const anchor = body.lastElementChild
      const before = anchor.getBoundingClientRect().top
      while (body.rows.length > historyLimit / 2) dropRow(body.firstElementChild)
      detached = true
      // Where the browser anchors scrolling by itself this moves nothing.
      scrollBy({ top: anchor.getBoundingClientRect().top - before, behavior: 'instant' })
      onChange(waiting.length)
    },

    /** Brings the ages and deadlines up to date. */
    tick() {
      for (const time of body.querySelectorAll('time')) setTime(time)
    },
  }
}

/** Whether two jobs are one log, for all that a reader can tell. */
function isSame(a, b) {
  return a.jobId === b.jobId && a.creationTxHash === b.creationTxHash && a.blockNumber === b.blockNumber
}

/** A phone shows the rows as cards, and a table displayed as anything else is no table to a screen reader. */
function keepRoles(root) {
  const roles = {
    'thead, tbody': 'rowgroup',
    tr: 'row',
    'thead th': 'columnheader',
    'th[scope=row]': 'rowheader',
    td: 'cell',
  }
  if (root instanceof HTMLTableElement) root.setAttribute('role', 'table')
  for (const [selector, role] of Object.entries(roles))
    for (const element of root.querySelectorAll(selector)) element.setAttribute('role', role)
}

function createRow(template, job, explorerUrl, filters) {
  const row = template.content.firstElementChild.cloneNode(true)
  const field = (name) => row.querySelector(`[data-field=${name}]`)

  const id = field('id')
  id.textContent = `#${ends(job.jobId, 5, 4)}`
  id.href = keyedUrl(`jobs/${job.jobId}`)
  if (job.jobId.length > 12) id.title = job.jobId
  if (job.title !== null) {
    field('title').textContent = job.title
    field('title').title = job.description ?? ''
    field('title').hidden = false
  }

  field('strategy').textContent = strategyName(job.strategyType)
  row.dataset.strategy = job.strategyType
  field('level').textContent = levelName(job.verificationLevel)

  const budget = field('budget')
  budget.value = job.budget
  budget.textContent = shortUsdc(job.budget)
  if (budget.textContent !== usdc(job.budget)) budget.title = `${usdc(job.budget)} USDC`

  for (const [name, seconds] of [
    ['created', job.onchainCreatedAt],
    ['deadline', job.onchainDeadline],
  ]) {
    const time = field(name)
    // The exact time shows on focus as well as under a pointer.
    time.tabIndex = 0
    time.dataset.seconds = seconds
    time.dataset.exact = exact(seconds)
    time.dateTime = machineTime(seconds)
    setTime(time)
  }
  field('created').dataset.exact += ` · block ${integer(job.blockNumber)}`

  const client = field('client')
  client.textContent = ends(job.clientId)
  client.title = `Only jobs of client ${job.clientId}`
  client.dataset.client = job.clientId
  const ofClient = new URLSearchParams(filters)
  ofClient.set('clientId', job.clientId)
  client.href = pageUrl(ofClient)

  const copy = field('tx')
  copy.dataset.copy = job.creationTxHash
  copy.dataset.what = `Transaction hash of job ${job.jobId}`
  copy.title = job.creationTxHash
  copy.setAttribute('aria-label', `Copy transaction hash ${ends(job.creationTxHash)} of job ${job.jobId}`)
  copy.querySelector('span').textContent = ends(job.creationTxHash)
  if (explorerUrl !== null) {
    const link = field('explorer')
    link.href = `${explorerUrl}/tx/${job.creationTxHash}`
    link.querySelector('span').textContent = `Transaction of job ${job.jobId} in the block explorer`
    link.hidden = false
  }
  return row
}

function setTime(time) {
  const deadline = time.dataset.field === 'deadline'
  const text = relative(time.dataset.seconds, Date.now() / 1000, !deadline)
  if (time.textContent === text) return
  time.textContent = text
  if (deadline) time.classList.toggle('past', text.endsWith('ago'))
}
