import { get, staleReason } from './api.js'
import { definition, FIRST_STATUS, fieldOf, heading } from './definition.js'
import { $ } from './elements.js'
import { count, formatAmount, formatDuration, formatInteger, formatSums } from './format.js'
import { showShares } from './shares.js'

const REFRESH_MS = 15_000
/** Delay from an event to the next read, so that a burst of events causes one read. */
const AFTER_EVENT_MS = 3000
/** A lag of up to this is given in blocks only. */
const MIN_LAG_SECONDS = 60

/**
 * Creates the tiles and the shares. They count all jobs, whatever the filters. They are read every 15 s, and
 * sooner after an event.
 *
 * - `onStats(stats)`: after each read
 * - `onError(error)`: a read failed
 * - `allJobs()`: the number of all jobs if the list knows it, which is newer than the statistics; null
 *   otherwise
 */
export function createStats({ onStats, onError, allJobs }) {
  let timer
  let isLoading = false
  let isTouched = false
  let isConnected = false
  let stats
  let indexer = { text: '–', note: '' }

  const refresh = async () => {
    clearTimeout(timer)
    timer = setTimeout(refresh, REFRESH_MS)
    if (isLoading || document.hidden) return
    isLoading = true
    try {
      const [{ data }, reason] = await Promise.all([get('stats', []), staleReason()])
      stats = data
      indexer = indexerText(data, reason)
      showTiles(data)
      showCount()
      showIndexer()
      showShares(data)
      onStats(data)
    } catch (error) {
      // The figures stay. They are greyed out while there is no connection.
      onError(error)
    } finally {
      isLoading = false
    }
  }

  const showCount = () => {
    if (stats) tile('jobs').textContent = formatInteger(allJobs() ?? stats.totalJobs)
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

    /** Schedules a read after an event, which has changed the statistics. */
    touch() {
      if (isTouched) return
      isTouched = true
      setTimeout(() => {
        isTouched = false
        refresh()
      }, AFTER_EVENT_MS)
    },

    /** Shows the number of all jobs again, after it has changed. */
    showCount,

    setConnected(value) {
      if (value && !isConnected) refresh()
      isConnected = value
      showIndexer()
    },
  }
}

const tile = (name) => $('stats').querySelector(`[data-field=${name}]`)

function indexerText({ syncing, lagBlocks, lagSeconds }, reason) {
  if (syncing) return { text: 'Syncing', note: 'older jobs are still being indexed' }
  if (reason) return { text: 'Stale', note: reason }
  if (lagBlocks === 0) return { text: 'At head', note: '' }
  const note = lagSeconds > MIN_LAG_SECONDS ? formatDuration(lagSeconds) : ''
  return { text: `${count('block', lagBlocks)} behind`, note }
}

function showTiles({ totalAmount, byStatus }) {
  const open = byStatus.find(({ status }) => status === FIRST_STATUS)
  tile('open').textContent = formatInteger(open?.jobs ?? 0)
  const { sum } = definition()
  tile('sum').parentElement.hidden = sum === null
  if (sum === null) return
  tile('sum-title').textContent = heading(fieldOf(sum))
  tile('sum').textContent = formatSums([totalAmount])[0]
  tile('sum').title = `${formatAmount(totalAmount)} ${fieldOf(sum).unit}`
}
