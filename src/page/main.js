import { announce, createAnnouncer } from './announcer.js'
import { createCharts } from './charts.js'
import { createCopying } from './clipboard.js'
import { loadConfig, refreshChain } from './config.js'
import { createConnection } from './connection.js'
import { passes } from './definition.js'
import { $ } from './elements.js'
import { createFilters } from './filters.js'
import { integer } from './format.js'
import { createHold } from './hold.js'
import { createList } from './list.js'
import { createRows } from './rows.js'
import { createSearch } from './search.js'
import { createSession } from './session.js'
import { createSnippets } from './snippets.js'
import { createStats } from './stats.js'
import { createTotal } from './total.js'

/** The chart of the last hour wants its jobs, as far as they can be read in so many. */
const MOST_FOR_CHART = 500
const HOUR = 3600

const connection = createConnection()
let config = await loadConfig(connection.set)

const applied = () => session.filters ?? new URLSearchParams()
const list = createList(() => {
  rows.schedule()
  charts.schedule()
  hold.show()
  total.show()
})
const charts = createCharts({ list, hasFilters: () => applied().size > 0 })
const stats = createStats((data) => {
  charts.setHours(data.hours)
  showHead(data.headBlockNumber)
})
const rows = createRows($('jobs-table'), {
  list,
  context: () => ({ explorerUrl: config.explorerUrl, filters: applied() }),
  onNearEnd: loadOlder,
})
const hold = createHold(list, { onOverflow: () => session.reread() })
const total = createTotal(list, { hasFilters: () => applied().size > 0, onMore: loadOlder })
const say = createAnnouncer()
const showSnippets = createSnippets($('use'))
const filters = createFilters($('filters'), (wanted) => session.follow(wanted))
const session = createSession({
  keepaliveSeconds: config.keepaliveSeconds,
  countOfJobs: () => list.entries.length,
  onState: connection.set,
  onTotal: total.set,
  onRefused(message) {
    filters.refuse(message)
    if (session.filters !== undefined) return
    showSnippets(applied())
    total.refuse()
    connection.set('stopped')
  },
  async onLoaded({ jobs, next, total: found, isFresh }) {
    total.set(found)
    if (isFresh) {
      filters.accept()
      showSnippets(applied())
      $('overall').hidden = applied().size === 0
      list.reset(jobs, next)
      rows.redraw()
    } else list.update(jobs, next, applied().size > 0 ? 'left' : 'removed')
    stats.refresh()
    fillLastHour(session.filters)
    if (config.chainId !== null) return
    config = await refreshChain().catch(() => config)
    rows.redraw()
  },
  onHead(blockNumber) {
    connection.heard()
    showHead(blockNumber)
  },
  onEvent(type, job) {
    connection.heard()
    if (type === 'job_created') list.created(job)
    if (type === 'job_removed') list.removed(job)
    const isExact = type === 'job_updated' ? list.updated(job, passes(applied(), job)) : true
    total.follow(type, { isExact, matches: passes(applied(), job) })
    if (!isExact && applied().size > 0) session.recount()
    say(type)
    stats.touch()
  },
})

let isLoadingOlder = false

async function loadOlder() {
  const from = list.older
  if (isLoadingOlder || from === null) return
  isLoadingOlder = true
  const { filters: of } = session
  try {
    const { jobs, next } = await session.older(from)
    // Meanwhile other filters or a rereading may have set another place to go on from.
    if (of === session.filters && list.older === from) list.append(jobs, next)
    total.showOlder(null)
  } catch (error) {
    total.showOlder(error)
  } finally {
    isLoadingOlder = false
  }
}

async function fillLastHour(of) {
  while (
    list.older !== null &&
    list.entries.length < MOST_FOR_CHART &&
    list.coveredSince > Date.now() / 1000 - HOUR
  ) {
    const { length } = list.entries
    await loadOlder()
    if (of !== session.filters || list.entries.length === length) return
  }
}

function showHead(blockNumber) {
  $('head').textContent = integer(blockNumber)
}

function setFilter(name, value) {
  const next = new URLSearchParams(applied())
  next.set(name, value)
  filters.set(next)
}

createSearch({ list, onParty: setFilter })
createCopying(announce)
$('jobs-table').addEventListener('click', (event) => {
  const link = event.target.closest('a[data-filter]')
  if (link === null || event.metaKey || event.ctrlKey || event.shiftKey) return
  event.preventDefault()
  setFilter(link.dataset.filter, link.dataset.value)
})
setInterval(() => {
  list.sweep()
  if (!document.hidden) rows.tick()
}, 1000)
const aside = document.querySelector('aside')
new ResizeObserver(() => {
  const bar = document.querySelector('header').offsetHeight
  aside.style.setProperty('--stick', `${Math.min(bar + 24, innerHeight - aside.offsetHeight - 24)}px`)
}).observe(aside)
// On a narrow screen the jobs come early: the rest is one tap away.
const isPhone = matchMedia('(max-width: 48rem)').matches
for (const card of document.querySelectorAll('.card')) card.open = !isPhone
$('use').open = matchMedia('(min-width: 72.01rem)').matches
$('filters-box').open = !isPhone

connection.watch(config.keepaliveSeconds, (state, text) => {
  // Of filters that are not valid nothing is followed, but the figures are as they should be.
  stats.connected(['live', 'stopped'].includes(state))
  if (state !== 'connecting') announce(`${text}.`)
})
session.follow(filters.wanted)
