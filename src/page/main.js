import { ApiError, get } from './api.js'
import { createCharts } from './charts.js'
import { createCopying } from './clipboard.js'
import { createFilters } from './filters.js'
import { duration, ends, integer, shortUsdc, strategyName } from './format.js'
import { createJobList, liveLimit } from './jobs.js'
import { createSnippets } from './snippets.js'
import { createStats } from './stats.js'
import { openStream } from './stream.js'

const pageSize = 100
const longestBackoff = 30_000
const announceEveryMs = 10_000

const $ = (id) => document.getElementById(id)

let config
let session = new AbortController() // of the filters now set
let stream
let lastId = 0 // of the newest event that this page shows
let queue = null // events that wait for a reconciliation
let reconciliation
let total = 0
let head = 0n
let heardAt
let state = 'connecting'
let refusal
let paused = false
let scrolledAway = false
let unspoken = []

const charts = createCharts($('charts'))
const stats = createStats($('stats'), $('strategies'), (data) => {
  charts.setHours(data.hours)
  showHead(BigInt(data.headBlockNumber))
})
const showSnippets = createSnippets($('use'))
const filters = createFilters($('filters'), start)
const list = createJobList({
  body: $('jobs'),
  template: $('job-row'),
  explorerUrl: () => config.explorerUrl,
  currentFilters: () => filters.current,
  onChange: showList,
  onGone: (job) => charts.remove(job),
})
createCopying(announce)

/** History by REST, then the stream from where that history ends. Begins anew whenever the filters change. */
async function start() {
  session.abort()
  session = new AbortController()
  const { signal } = session
  stream?.close()
  reconciliation?.abort()
  queue = null
  list.clear()
  charts.clear()
  filters.complain(null)
  showSnippets(filters.current)
  setState('connecting')
  stats.refresh()
  if (!(await load(signal))) return
  stream = openStream({
    filters: filters.current,
    lastEventId: lastId,
    silenceLimit: 2 * config.keepaliveSeconds + 10,
    onState: setState,
    onEvent: receive,
  })
  fillLastHour(signal)
}

/**
 * Brings the list to what the API says now, trying again until it answers.
 * @returns false where that is over: other filters were set, or the API refuses these.
 */
async function load(signal) {
  for (let backoff = 1000; ; backoff = Math.min(backoff * 2, longestBackoff)) {
    // What came before an attempt is in its answer.
    if (queue) queue = []
    try {
      await snapshot(signal)
      return true
    } catch (error) {
      if (signal.aborted) return false
      const final = error instanceof ApiError && [400, 401, 403].includes(error.status)
      if (error.status === 400) filters.complain(error.message)
      setState(final ? 'stopped' : 'lost', error)
      if (final) return false
      const wait =
        error.retryAfter === undefined ? backoff * (0.5 + Math.random() / 2) : error.retryAfter * 1000
      await new Promise((resolve) => setTimeout(resolve, wait))
      if (signal.aborted) return false
    }
  }
}

async function snapshot(signal) {
  // Before its indexer first reached the chain, a server does not know which one it is.
  if (config?.chainId == null) config = await loadConfig(signal)
  const wanted = Math.min(list.size, liveLimit)
  const first = await get('jobs', [...filters.current, ['limit', pageSize]], signal)
  const jobs = first.data
  let { next } = first.pagination
  while (next !== null && jobs.length < wanted) {
    const page = await jobsAfter({ cursor: next }, signal)
    jobs.push(...page.data)
    next = page.pagination.next
  }
  signal.throwIfAborted()
  if (!list.sync(jobs, next)) charts.clear()
  for (const job of jobs) charts.add(job)
  charts.cover(list.coveredSince)
  lastId = Number(first.lastEventId)
  total = first.pagination.total
  showTotal()
}

function jobsAfter(older, signal) {
  return get('jobs', [...filters.current, ...Object.entries(older), ['limit', pageSize]], signal)
}

async function loadConfig(signal) {
  const { data } = await get('config', [], signal)
  if (data.chainId === null) return data
  $('chain').textContent = data.chainName ?? `Chain ${data.chainId}`
  const contract = $('contract')
  const address = data.contractAddress
  contract.querySelector('span').textContent = ends(address)
  contract.dataset.copy = address
  contract.dataset.what = 'Contract address'
  contract.title = address
  contract.setAttribute('aria-label', `Copy contract address ${ends(address)}`)
  contract.hidden = false
  return data
}

function receive(type, data, id) {
  heardAt = Date.now()
  if (type === 'connected' || type === 'ping') {
    showHead(BigInt(data.blockNumber))
    if (type === 'connected') stats.refresh()
    if (data.resumed === false) reconcile()
    return
  }
  if (queue) queue.push([type, data, id])
  else apply(type, data, id)
}

function apply(type, job, id) {
  // Ids only grow: whatever is repeated, by a reconnect or by the history, is known by its id.
  if (Number(id) <= lastId) return
  lastId = Number(id)
  if (BigInt(job.blockNumber) > head) showHead(BigInt(job.blockNumber))
  if (type === 'job_created') {
    list.created(job)
    charts.add(job)
    total += 1
  } else {
    list.removed(job)
    total -= 1
  }
  unspoken.push([type, job])
  showTotal()
  stats.touch()
}

/** The server could not continue this stream: reads history beside it, and goes on with the events after that. */
async function reconcile() {
  reconciliation?.abort()
  reconciliation = new AbortController()
  const { signal } = reconciliation
  queue = []
  if (!(await load(AbortSignal.any([signal, session.signal])))) return
  const events = queue
  queue = null
  for (const event of events) apply(...event)
  if (stream.live) setState('live')
}

let loadingOlder = false

async function loadOlder(signal = session.signal) {
  if (loadingOlder || list.older === null) return
  loadingOlder = true
  $('older').setAttribute('aria-busy', 'true')
  const { older } = list
  try {
    const page = await jobsAfter(older, signal)
    // A reconciliation meanwhile has set another place to go on from.
    if (list.older === older) {
      list.append(page.data, page.pagination.next)
      for (const job of page.data) charts.add(job)
      charts.cover(list.coveredSince)
    }
    showOlder(null)
  } catch (error) {
    if (!signal.aborted) showOlder(error)
  } finally {
    loadingOlder = false
    $('older').removeAttribute('aria-busy')
  }
}

/** The chart of the last hour wants its jobs, as far as the list may hold them. */
async function fillLastHour(signal) {
  while (list.older !== null && list.size < liveLimit && list.coveredSince > Date.now() / 1000 - 3600) {
    const { size } = list
    await loadOlder(signal)
    if (signal.aborted || list.size === size) return
  }
}

function showOlder(error) {
  const button = $('older')
  const hadFocus = document.activeElement === button
  button.hidden = list.older === null
  button.textContent = error ? 'Older jobs could not be loaded. Try again' : 'Load older jobs'
  $('end').hidden = list.older !== null || list.size === 0
  if (hadFocus && button.hidden) $('jobs-title').focus()
  // An observer speaks of changes only: asked anew, it tells whether there is still room below.
  reachedEnd.unobserve(button)
  if (!error) reachedEnd.observe(button)
}

const reachedEnd = new IntersectionObserver(
  (entries) => {
    if (entries.some((entry) => entry.isIntersecting)) loadOlder()
  },
  { rootMargin: '0px 0px 800px 0px' },
)

function showTotal() {
  $('total').textContent = `${integer(total)} ${filters.current.size > 0 ? 'match' : 'in all'}`
  $('empty').hidden = list.size > 0
  $('empty').textContent =
    filters.current.size > 0
      ? 'No job matches these filters yet. The next one that does appears here.'
      : 'No jobs yet. The first one appears here the moment it is on the chain.'
  showOlder(null)
}

function showHead(block) {
  head = block
  $('head').textContent = integer(block)
}

function showList(count) {
  showOlder(null)
  const { detached } = list
  const button = $('waiting')
  button.hidden = !detached && (count === 0 || !(paused || scrolledAway))
  button.querySelector('span').textContent =
    count === 0 ? 'Back to the newest' : `${integer(count)} new ${count === 1 ? 'job' : 'jobs'}`
}

$('waiting').addEventListener('click', () => {
  setPaused(false)
  scrolledAway = false
  if (list.detached) start()
  list.hold(false)
  $('feed').scrollIntoView({ block: 'start' })
  $('jobs-title').focus({ preventScroll: true })
})

function setPaused(value) {
  paused = value
  $('pause').setAttribute('aria-pressed', String(paused))
  list.hold(paused || scrolledAway)
}
$('pause').addEventListener('click', () => setPaused(!paused))

$('older').addEventListener('click', () => loadOlder())

$('jobs').addEventListener('click', (event) => {
  const link = event.target.closest('a[data-client]')
  if (link === null || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  const next = new URLSearchParams(filters.current)
  next.set('clientId', link.dataset.client)
  filters.set(next)
})

// While the reader is down in the list, nothing moves under them.
new IntersectionObserver(
  ([entry]) => {
    scrolledAway = !entry.isIntersecting && entry.boundingClientRect.top < entry.rootBounds.top
    list.hold(paused || scrolledAway)
  },
  { rootMargin: '-64px 0px 0px 0px' },
).observe($('list-top'))

const stateTexts = {
  connecting: () => 'Connecting',
  live: () => 'Live',
  silent: () => 'No signal',
  lost: () => (navigator.onLine ? 'Reconnecting' : 'Offline'),
  refused: () => {
    const wait = Math.max(0, Math.ceil((refusal.until - Date.now()) / 1000))
    return `${refusal.reason === 'full' ? 'Server full' : 'Server restarting'}, back in ${wait} s`
  },
  stopped: () => 'Not connected',
}

function setState(next, detail) {
  if (next === 'refused' && state !== 'refused')
    refusal = { reason: detail.reason, until: Date.now() + detail.retryAfter * 1000 }
  if (next === 'live') heardAt = Date.now()
  const changed = next !== state
  state = next
  const message = $('problem')
  const text = detail instanceof ApiError && detail.status !== 400 ? problem(detail) : null
  message.hidden = text === null
  message.textContent = text ?? ''
  showState()
  if (changed && next !== 'connecting') announce(`${stateTexts[next]()}.`)
}

function problem(error) {
  if (error.status === 401) return 'This server asks for an API key: open the page as /?api_key=YOUR_KEY.'
  if (error.status === 429) return `The server asks this address to slow down: ${error.message}`
  return error.message
}

function showState() {
  const silence = heardAt === undefined ? 0 : (Date.now() - heardAt) / 1000
  const shown = state === 'live' && silence > config.keepaliveSeconds + 10 ? 'silent' : state
  $('connection').dataset.state = shown
  $('state').textContent = stateTexts[shown]()
  $('signal').parentElement.hidden = heardAt === undefined
  $('signal').textContent = heardAt === undefined ? '' : `${duration(silence)} ago`
}

/** Says something to a screen reader, when it has finished what it is saying. */
function announce(text) {
  $('announcer').textContent = text
}

setInterval(() => {
  showState()
  if (document.hidden) return
  list.tick()
}, 1000)

// A summary now and then: a voice that reads every job of a busy chain helps nobody.
setInterval(() => {
  const created = unspoken.filter(([type]) => type === 'job_created').map(([, job]) => job)
  const removed = unspoken.length - created.length
  unspoken = []
  const parts = []
  const newest = created.at(-1)
  if (newest)
    parts.push(
      `${created.length} new ${created.length === 1 ? 'job' : 'jobs'}, newest ${strategyName(newest.strategyType)} for ${shortUsdc(newest.budget)} USDC.`,
    )
  if (removed > 0) parts.push(`${removed} ${removed === 1 ? 'job' : 'jobs'} removed.`)
  if (parts.length > 0) announce(parts.join(' '))
}, announceEveryMs)

// On a phone the jobs come first; the code is one tap away.
$('use').open = !matchMedia('(max-width: 48rem)').matches

for (const type of ['online', 'offline']) addEventListener(type, showState)

start()
