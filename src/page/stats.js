import { get, readiness } from './api.js'
import { definition, FIRST_STATUS, fieldOf, heading, lifeOf, tone } from './definition.js'
import { $, element, statusElement } from './elements.js'
import { amount, count, integer, sums, title, words } from './format.js'

const EVERY_MS = 15_000
/** After an event, fresh figures are read this soon, however many more come until then. */
const AFTER_EVENT_MS = 3000

/** The tiles, and the shares by status and by choice: of all jobs. Read every 15 s, and sooner after an event. */
export function createStats(onStats) {
  let timer
  let isLoading = false
  let isTouched = false
  let isConnected = false
  let indexer = { text: '–', note: '' }

  const refresh = async () => {
    clearTimeout(timer)
    timer = setTimeout(refresh, EVERY_MS)
    if (isLoading || document.hidden) return
    isLoading = true
    try {
      const [{ data }, notReady] = await Promise.all([get('stats'), readiness()])
      indexer = indexerText(data, notReady)
      showTiles(data)
      showIndexer()
      showShares(data)
      onStats(data)
    } catch {
      // The connection's state tells that the server is away. The figures stay, greyed out.
    } finally {
      isLoading = false
    }
  }

  const showIndexer = () => {
    const { text, note } = isConnected ? indexer : { text: 'Unknown', note: 'not connected' }
    $('stats').classList.toggle('outdated', !isConnected)
    tile('indexer').textContent = text
    tile('indexer-note').textContent = note
    tile('indexer').classList.toggle('warn', note !== '')
  }

  document.addEventListener('visibilitychange', () => !document.hidden && refresh())

  return {
    refresh,

    touch() {
      if (isTouched) return
      isTouched = true
      setTimeout(() => {
        isTouched = false
        refresh()
      }, AFTER_EVENT_MS)
    },

    /** Without a connection nothing is known of the indexer. */
    connected(value) {
      if (value && !isConnected) refresh()
      isConnected = value
      showIndexer()
    },
  }
}

const tile = (name) => $('stats').querySelector(`[data-field=${name}]`)

function indexerText({ syncing, lagBlocks, lagSeconds }, notReady) {
  if (syncing) return { text: 'Syncing', note: 'older jobs are still missing' }
  if (notReady) return { text: 'Stale', note: notReady }
  if (lagBlocks === 0) return { text: 'At head', note: '' }
  return { text: `${count('block', lagBlocks)} behind`, note: lagSeconds > 60 ? `${lagSeconds} s` : '' }
}

function showTiles({ totalJobs, totalAmount, byStatus }) {
  tile('jobs').textContent = integer(totalJobs)
  tile('open').textContent = integer(jobsOf(byStatus, 'status', FIRST_STATUS))
  const { sum } = definition()
  tile('sum').parentElement.hidden = sum === null
  if (sum === null) return
  tile('sum-title').textContent = heading(fieldOf(sum))
  tile('sum').textContent = sums([totalAmount])[0]
  tile('sum').title = `${amount(totalAmount)} ${fieldOf(sum).unit}`
}

function jobsOf(totals, name, value) {
  return totals.find((total) => total[name] === value)?.jobs ?? 0
}

function showShares({ byStatus, byChoice, totalJobs, totalAmount }) {
  const { statuses, choice, sum } = definition()
  const unit = sum === null ? undefined : fieldOf(sum).unit
  fillShares($('by-status'), {
    label: 'Status',
    rows: complete(byStatus, 'status', statuses),
    totalJobs,
    totalAmount,
    unit,
    show: statusElement,
    paint: (value) => ({ life: lifeOf(value) }),
  })
  $('by-choice').hidden = choice === null
  if (choice === null) return
  $('choice-title').textContent = `By ${title(choice).toLowerCase()}`
  fillShares($('by-choice'), {
    label: title(choice),
    rows: complete(byChoice, 'choice', fieldOf(choice).values),
    totalJobs,
    totalAmount,
    unit,
    show: (value) => element('span', { className: 'choice', data: { tone: tone(value) } }, words(value)),
    paint: (value) => ({ tone: tone(value) }),
  })
}

/** The totals of all known values in their order, and of the others after them. */
function complete(totals, name, values) {
  const all = new Set([...values.map(String), ...totals.map((total) => total[name])])
  return [...all].map((value) => ({
    value,
    jobs: jobsOf(totals, name, value),
    amount: totals.find((total) => total[name] === value)?.amount ?? null,
  }))
}

function fillShares(section, { label, rows, totalJobs, totalAmount, unit, show, paint }) {
  const share = (jobs) => (totalJobs === 0 ? '–' : `${Math.round((100 * jobs) / totalJobs)}%`)
  const heads = [label, 'Jobs', ...(unit ? [unit] : []), 'Share']
  section
    .querySelector('thead tr')
    .replaceChildren(
      ...heads.map((text, i) => element('th', { scope: 'col', className: i > 0 ? 'number' : '' }, text)),
    )
  // The total among them: both tables write alike.
  const amounts = sums([...rows.map((row) => row.amount), totalAmount])
  section.querySelector('tbody').replaceChildren(
    ...rows.map(({ value, jobs }, i) => {
      const row = element('tr', { className: jobs === 0 ? 'zero' : '' })
      const cells = [integer(jobs), ...(unit ? [amounts[i] ?? '–'] : []), share(jobs)]
      row.append(element('th', { scope: 'row' }, show(value)))
      row.append(...cells.map((text) => element('td', { className: 'number' }, text)))
      return row
    }),
  )
  section.querySelector('.shares').replaceChildren(
    ...rows
      .filter(({ jobs }) => jobs > 0)
      .map(({ value, jobs }) => {
        const part = element('i', { data: paint(value) })
        part.style.flexGrow = jobs
        return part
      }),
  )
}
