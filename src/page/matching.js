/**
 * Returns whether a job matches the filters, by the rules of src/contract/filters.ts.
 * @param definition of the contract, from /api/v1/config
 * @param filters URLSearchParams with values that the server has accepted
 */
export function matchesFilters(definition, filters, job) {
  return definition.filters.every(({ name, kind, fields }) => {
    const text = filters.get(name)
    if (text === null) return true
    const values = fields.map((field) => job[field]).filter((value) => value !== null)
    if (kind === 'min') return values.some((value) => !isLessDecimal(value, text))
    if (kind === 'max') return values.some((value) => !isLessDecimal(text, value))
    const field = definition.fields.find((each) => each.name === fields[0])
    const wanted = text.split(',').map((value) => asInJob(field, value))
    return values.some((value) => wanted.includes(String(value)))
  })
}

/** Returns a value of a query or of a path, written as in a job. @param text one that the server accepts */
export function asInJob({ kind, values }, text) {
  if (kind === 'uint') return BigInt(text).toString()
  if (kind === 'choice') return typeof values[0] === 'number' ? text.replace('UNKNOWN_', '') : text
  return text.toLowerCase()
}

/** Compares two decimal numbers without converting them to doubles, which cannot hold a uint256. */
function isLessDecimal(a, b) {
  const [[wholeA, fractionA = ''], [wholeB, fractionB = '']] = [a.split('.'), b.split('.')]
  const digits = Math.max(fractionA.length, fractionB.length)
  return BigInt(wholeA + fractionA.padEnd(digits, '0')) < BigInt(wholeB + fractionB.padEnd(digits, '0'))
}
