import { title } from './format.js'
import { matches } from './matching.js'

/** The contract's definition, as /api/v1/config has it. No other module of the page knows the name of a contract's field. */
let contract = { name: '', fields: [], filters: [], statuses: [], choice: null, sum: null }

export function setDefinition(value) {
  contract = value
}

export const definition = () => contract
export const fieldOf = (name) => contract.fields.find((field) => field.name === name)
export const passes = (filters, job) => matches(contract, filters, job)

/** The status of a new job. */
export const FIRST_STATUS = 'OPEN'

/** Fields of every job that the list has columns of its own for, or does not show. */
const COMMON = ['jobId', 'status', 'onchainCreatedAt', 'creationTxHash', 'blockNumber']

/** Width of a column in rem, by kind; of a choice by the length of its values. */
const WIDTHS = { amount: 8, time: 7.5, address: 8.5, bytes32: 8.5, uint: 5, text: 12 }
/** Width of the columns that every list has: id, status, age, transaction. */
const COMMON_WIDTH = 26

/**
 * The contract's fields that the list has columns for, in the order of the definition. A narrow list leaves out those
 * that help least to choose a job.
 * @param width of the list, in rem
 * @param jobs of the list: a text that all of them lack gets no column
 */
export function columns(width, jobs) {
  const own = contract.fields.filter(
    ({ name, kind }) => !COMMON.includes(name) && (kind !== 'text' || jobs.some((job) => job[name] !== null)),
  )
  const chosen = new Set()
  let left = width - COMMON_WIDTH
  for (const field of [...own].sort((a, b) => rank(a) - rank(b))) {
    left -= widthOf(field)
    if (left < 0) break
    chosen.add(field)
  }
  return own.filter((field) => chosen.has(field))
}

function widthOf({ name, kind, values = [] }) {
  const words = [...values.map(String), ...title(name).split(' ')]
  return WIDTHS[kind] ?? 2.4 + 0.46 * Math.max(...words.map((word) => word.length))
}

/** The less a field helps to choose a job, the higher. */
function rank(field) {
  if (field.name === contract.choice || field.kind === 'amount') return 0
  if (field.role) return field.nullable ? 3 : 1
  return { time: 2, text: 2, choice: 4, uint: 5, address: 6, bytes32: 7 }[field.kind]
}

/** The heading of a field, with the unit of an amount. */
export function heading({ name, unit }) {
  return unit ? `${title(name)}, ${unit}` : title(name)
}

/** Colours that tell values apart; values beyond them share `other`. */
export const TONES = ['0', '1', '2', '3', 'other']

/** The colour of a value of the first choice; the first colour if the contract has no choice. */
export function tone(value) {
  if (contract.choice === null) return TONES[0]
  const place = fieldOf(contract.choice).values.map(String).indexOf(String(value))
  return TONES[place] ?? 'other'
}

/** The value by which charts group a job. */
export const groupOf = (job) => (contract.choice === null ? '' : job[contract.choice])

const lives = {
  open: [FIRST_STATUS],
  good: ['COMPLETED', 'APPROVED', 'PAID', 'RESOLVED', 'ARBITRATED', 'CLOSED'],
  bad: ['REJECTED', 'EXPIRED', 'CANCELLED', 'CANCELED', 'REFUNDED'],
  warn: ['DISPUTED'],
}

/** What a status means for its job: open, good, bad, warn, or underway. */
export const lifeOf = (status) =>
  Object.keys(lives).find((life) => lives[life].includes(status)) ?? 'underway'
