import { get } from './api.js'
import { headlineUsdc, integer, strategies, strategyName, usdc } from './format.js'

const everyMs = 15_000
const afterEventMs = 3000

/** The figures at the top and the table by strategy: polled, and sooner after an event. */
export function createStats(figures, table, onStats) {
  let timer
  let loading = false

  const refresh = async () => {
    clearTimeout(timer)
    timer = setTimeout(refresh, everyMs)
    if (loading || document.hidden) return
    loading = true
    try {
      const { data } = await get('stats')
      show(data)
      onStats(data)
    } catch {
      // The stream's state tells of a server that is away; the figures stay as they were.
    } finally {
      loading = false
    }
  }

  const show = (data) => {
    const field = (name) => figures.querySelector(`[data-field=${name}]`)
    field('jobs').textContent = integer(data.totalJobs)
    field('budget').textContent = headlineUsdc(data.totalBudget)
    field('budget').title = `${usdc(data.totalBudget)} USDC`
    field('streams').textContent = integer(data.streams)
    field('lag').textContent = data.lagBlocks === 0 ? 'at head' : `${integer(data.lagBlocks)} behind`
    showStrategies(table, data.byStrategy, data.totalJobs)
  }

  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) refresh()
  })

  let touched = false
  return {
    refresh,
    /** Something happened: fresh figures soon, however much more happens until then. */
    touch() {
      if (touched) return
      touched = true
      setTimeout(() => {
        touched = false
        refresh()
      }, afterEventMs)
    },
  }
}

function showStrategies(table, sums, totalJobs) {
  const others = sums.filter((sum) => !strategies.includes(sum.strategyType))
  const rows = [
    ...strategies.map(
      (strategyType) =>
        sums.find((sum) => sum.strategyType === strategyType) ?? {
          strategyType,
          jobs: 0,
          budget: '0.000000',
        },
    ),
    ...others,
  ]
  table.querySelector('tbody').replaceChildren(
    ...rows.map((sum) => {
      const row = document.createElement('tr')
      row.dataset.strategy = sum.strategyType
      const name = cell('th', strategyName(sum.strategyType), 'strategy')
      name.scope = 'row'
      const budget = cell('td', headlineUsdc(sum.budget), 'number')
      budget.title = `${usdc(sum.budget)} USDC`
      const share = totalJobs === 0 ? 0 : (100 * sum.jobs) / totalJobs
      row.append(
        name,
        cell('td', integer(sum.jobs), 'number'),
        budget,
        cell('td', `${Math.round(share)}%`, 'number'),
      )
      return row
    }),
  )
  document.getElementById('shares').replaceChildren(
    ...rows
      .filter((sum) => sum.jobs > 0)
      .map((sum) => {
        const part = document.createElement('i')
        part.dataset.strategy = sum.strategyType
        part.style.flexGrow = sum.jobs
        return part
      }),
  )
}

function cell(tag, text, className) {
  const element = document.createElement(tag)
  element.textContent = text
  element.className = className
  return element
}
