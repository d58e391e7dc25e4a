import { definition, fieldOf, meaningOf, tone } from './definition.js'
import { $, choiceElement, element, statusElement } from './elements.js'
import { formatInteger, formatSums, title } from './format.js'

/** Shows the shares by status and by the contract's first choice, of all jobs. */
export function showShares({ byStatus, byChoice, ...total }) {
  const { statuses, choice } = definition()
  fillShares($('by-status'), {
    label: 'Status',
    rows: withAllValues(byStatus, 'status', statuses),
    total,
    show: statusElement,
    paint: (value) => ({ meaning: meaningOf(value) }),
  })
  $('by-choice').hidden = choice === null
  if (choice === null) return
  const field = fieldOf(choice)
  $('choice-title').textContent = `By ${title(choice).toLowerCase()}`
  fillShares($('by-choice'), {
    label: title(choice),
    rows: withAllValues(byChoice, 'choice', field.values),
    total,
    // Jobs without a value are counted as ''.
    show: (value) => (value === '' ? '–' : choiceElement(field, value)),
    paint: (value) => ({ tone: tone(value) }),
  })
}

/** Returns one row per value: all values of the definition in their order, then any others. */
function withAllValues(totals, name, values) {
  const found = new Map(totals.map(({ [name]: value, jobs, amount }) => [value, { value, jobs, amount }]))
  const all = new Set([...values.map(String), ...found.keys()])
  return [...all].map((value) => found.get(value) ?? { value, jobs: 0, amount: null })
}

function percentage(jobs, totalJobs) {
  if (totalJobs === 0) return '–'
  const percent = (100 * jobs) / totalJobs
  return percent > 0 && percent < 0.5 ? '<1%' : `${Math.round(percent)}%`
}

function fillShares(section, { label, rows, total, show, paint }) {
  const { sum } = definition()
  const unit = sum === null ? undefined : fieldOf(sum).unit
  const heads = [label, 'Jobs', ...(unit ? [unit] : []), 'Share']
  section
    .querySelector('thead tr')
    .replaceChildren(
      ...heads.map((text, i) => element('th', { scope: 'col', className: i > 0 ? 'number' : '' }, text)),
    )
  // With the total among them, the amounts of both tables get the same precision.
  const amounts = formatSums([...rows.map(({ amount }) => amount), total.totalAmount])
  section.querySelector('tbody').replaceChildren(
    ...rows.map(({ value, jobs }, i) => {
      const cells = [
        formatInteger(jobs),
        ...(unit ? [amounts[i] ?? '–'] : []),
        percentage(jobs, total.totalJobs),
      ]
      return element(
        'tr',
        { className: jobs === 0 ? 'zero' : '' },
        element('th', { scope: 'row' }, show(value)),
        ...cells.map((text) => element('td', { className: 'number' }, text)),
      )
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
