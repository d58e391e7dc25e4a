import { title } from './format.js'

/**
 * The contract's definition, from /api/v1/config. Modules take the names of the contract's fields from it.
 */
let contract

export function setDefinition(value) {
  contract = value
}

export const definition = () => contract
export const fieldOf = (name) => contract.fields.find((field) => field.name === name)

/** The status of a new job, in every contract. */
export const FIRST_STATUS = 'OPEN'

/** Fields that every job has. The list has fixed columns for them, or does not show them. */
const COMMON = ['jobId', 'status', 'onchainCreatedAt', 'creationTxHash', 'blockNumber']

/**
 * Estimated width of a column in rem, by the kind of its field. The width of a choice depends on its values.
 */
const WIDTHS = { amount: 8, time: 7.5, address: 8.5, bytes32: 8.5, uint: 5, text: 12 }
/** Width of the fixed columns in rem: id, status, age, transaction. */
const COMMON_WIDTH = 26

/**
 * Returns the contract's fields that get a column, in the order of the definition. In a narrow list, the fields
 * that help least to tell jobs apart get none.
 * @param width of the list in rem
 * @param jobs of the list: a text that is null in all of them gets no column
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

/** The less a field helps to tell jobs apart, the higher its rank. */
function rank(field) {
  if (field.name === contract.choice || field.kind === 'amount') return 0
  if (field.role) return field.nullable ? 3 : 1
  return { time: 2, text: 2, choice: 4, uint: 5, address: 6, bytes32: 7 }[field.kind]
}

/** Returns the heading of a field, with its unit if it is an amount. */
export function heading({ name, unit }) {
  return unit ? `${title(name)}, ${unit}` : title(name)
}

/** Colours of the values of a choice, in their order. Any further values share `other`. */
export const TONES = ['0', '1', '2', '3', 'other']

/**
 * Returns the colour of a value of the contract's first choice. If the contract has no choice, everything has
 * the first colour.
 */
export function tone(value) {
  if (contract.choice === null) return TONES[0]
  const index = fieldOf(contract.choice).values.map(String).indexOf(String(value))
  return TONES[index] ?? 'other'
}

const meanings = {
  open: [FIRST_STATUS],
  good: ['COMPLETED', 'APPROVED', 'PAID', 'RESOLVED', 'ARBITRATED', 'CLOSED'],
  bad: ['REJECTED', 'EXPIRED', 'CANCELLED', 'CANCELED', 'REFUNDED'],
  warn: ['DISPUTED'],
}

/** Returns the meaning of a status, which decides its colour: open, good, bad, warn, or underway. */
export const meaningOf = (status) =>
  Object.keys(meanings).find((meaning) => meanings[meaning].includes(status)) ?? 'underway'
