import { announce, createSummary } from './announcer.js'
import { ApiError, siteUrl } from './api.js'
import { createCharts } from './charts.js'
import { createCopying } from './clipboard.js'
import { awaitConfig, readConfig } from './config.js'
import { createConnection } from './connection.js'
import { definition } from './definition.js'
import { $, refreshAges } from './elements.js'
import { createFilters } from './filters.js'
import { formatInteger } from './format.js'
import { createHold } from './hold.js'
import { arrangePage } from './layout.js'
import {
  addJob,
  coversList,
  createList,
  dropGone,
  refreshList,
  removeJob,
  resetList,
  updateJob,
} from './list.js'
import { matchesFilters } from './matching.js'
import { createOlder } from './older.js'
import { createRows, redrawRows, scheduleRows } from './rows.js'
import { createSearch } from './search.js'
import { createSession, followFilters, recount, reread, stopFollowing } from './session.js'
import { createSnippets } from './snippets.js'
import { createStats } from './stats.js'
import { createTotal } from './total.js'

const connection = createConnection()
let config = await awaitConfig(connection.set)

/** Returns the filters that the list follows. None before the first answer. */
const applied = () => session.filters ?? new URLSearchParams()
const hasFilters = () => applied().size > 0
const list = createList(() => {
  scheduleRows(rows)
  charts.schedule()
  hold.show()
  total.show()
})
const rows = createRows($('jobs-table'), {
  list,
  context: () => ({ explorerUrl: config.explorerUrl, filters: applied() }),
  onNearEnd: () => older.loadNearEnd(),
})
const total = createTotal(list, {
  filters: applied,
  onMore: () => older.load(),
  onChange: () => stats.showCount(),
})
const hold = createHold(list, { onOverflow: () => reread(session) })
const charts = createCharts({ list, hasFilters })
const stats = createStats({
  onStats({ hours, blockNumber }) {
    charts.setHours(hours)
    showBlock(blockNumber)
    if (config.chainId === null) readChain()
  },
  onError(error) {
    if (!(error instanceof ApiError)) connection.suspect()
    // EventSource does not say why a stream was refused.
    else if (error.isFinal && !session.stream?.isOpen) stopFollowing(session, error)
  },
  allJobs: () => total.allJobs,
})
const countForSummary = createSummary()
const showSnippets = createSnippets($('use'))
const filters = createFilters($('filters'), (wanted) => followFilters(session, wanted))
const session = createSession({
  keepaliveSeconds: config.keepaliveSeconds,
  coversList: (jobs) => coversList(list, jobs),
  onState: connection.set,
  onTotal: total.set,
  onLoaded: showHistory,
  onRefused(message) {
    filters.refuse(message)
    if (session.filters !== undefined) return
    showSnippets(applied())
    total.refuse()
    connection.set('invalid')
  },
  onIndexed(blockNumber) {
    connection.heard()
    showBlock(blockNumber)
  },
  onEvent: applyEvent,
})
const older = createOlder(list, session, { onError: total.showOlder })

function showHistory({ jobs, next, total: found, lastId, isFresh }) {
  total.set(found, lastId)
  if (isFresh) {
    filters.accept()
    showSnippets(applied())
    $('overall').hidden = !hasFilters()
    resetList(list, jobs, next)
    redrawRows(rows)
  } else refreshList(list, jobs, next, hasFilters() ? 'left' : 'removed')
  stats.refresh()
  older.loadLastHour()
}

/** Reads the config again: the chain is unknown until an indexer has reached it for the first time. */
async function readChain() {
  config = await readConfig().catch(() => config)
  if (config.chainId !== null) redrawRows(rows)
}

function applyEvent(type, job, id) {
  connection.heard()
  const matches = matchesFilters(definition(), applied(), job)
  if (type === 'job_created') addJob(list, job)
  if (type === 'job_removed') removeJob(list, job)
  const effectIsKnown =
    type === 'job_updated' ? updateJob(list, job, matches) && (id > session.readTo || !matches) : true
  const totalIsKnown = total.adjust(type, { matches, effectIsKnown, id })
  if (!totalIsKnown && hasFilters()) recount(session)
  countForSummary(type)
  stats.touch()
}

/** Shows the block that was indexed last. */
function showBlock(blockNumber) {
  $('block').textContent = formatInteger(blockNumber)
}

function setFilter(name, value) {
  const next = new URLSearchParams(applied())
  next.set(name, value)
  filters.set(next)
}

$('docs').href = siteUrl('docs')
$('openapi').href = siteUrl('openapi.json')
createSearch({ list, onParticipant: setFilter })
createCopying()
arrangePage()
$('jobs-table').addEventListener('click', (event) => {
  const link = event.target.closest('a[data-filter]')
  if (link === null || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  setFilter(link.dataset.filter, link.dataset.value)
})
setInterval(() => {
  dropGone(list)
  if (!document.hidden) refreshAges(document)
}, 1000)

connection.watch(config.keepaliveSeconds, (state, text) => {
  // If the filters are not valid there is no stream, but the statistics are current.
  stats.setConnected(['live', 'invalid'].includes(state))
  if (state !== 'connecting') announce(`${text}.`)
})
followFilters(session, filters.wanted)
