import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { load } from './load.ts'

const elements: Record<string, { textContent?: string; addEventListener(): void }> = {}

beforeAll(async () => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('document', {
    getElementById(id: string) {
      elements[id] ??= { addEventListener() {} }
      return elements[id]
    },
  })
  const { setDefinition } = await load('definition')
  setDefinition({
    fields: jobRegistry.fields,
    filters: jobRegistry.filters.map(({ name, operator, fields }) => ({ name, kind: operator, fields })),
  })
})

afterAll(() => vi.unstubAllGlobals())

/** The number of matches of a list with these filters. */
async function createTotal(filters: Record<string, string> = { clientId: '7' }) {
  const { createTotal } = await load('total')
  const { createList } = await load('list')
  const list = createList(() => {})
  return createTotal(list, { filters: () => new URLSearchParams(filters), onMore() {}, onChange() {} })
}

test('an event that is already in the number of matches is not counted twice', async () => {
  const total = await createTotal()
  const create = (id: number) => total.adjust('job_created', { matches: true, effectIsKnown: true, id })
  total.set(5, 101)
  create(101)
  expect(elements.total?.textContent).toBe('5 matches')
  create(102)
  expect(elements.total?.textContent).toBe('6 matches')
})

test('a number of matches above 10,000 is shown if the API has counted it, and "more than" if not', async () => {
  const total = await createTotal()
  total.set(25_000, 101)
  expect(elements.total?.textContent).toBe('25,000 matches')
  total.set(10_001, 102)
  total.adjust('job_created', { matches: true, effectIsKnown: true, id: 103 })
  expect(elements.total?.textContent).toBe('more than 10,000 matches')
})

test('after "more than", a match that is lost makes the number unknown; one that is gained does not', async () => {
  const total = await createTotal()
  const adjust = (type: string, matches: boolean, id: number) =>
    total.adjust(type, { matches, effectIsKnown: true, id })
  total.set(10_001, 102)
  expect(adjust('job_removed', true, 102)).toBe(true)
  expect(adjust('job_created', true, 103)).toBe(true)
  expect(adjust('job_updated', true, 104)).toBe(true)
  expect(adjust('job_updated', false, 105)).toBe(false)
  expect(adjust('job_removed', true, 106)).toBe(false)
  total.set(9_999, 107)
  expect(adjust('job_removed', true, 108)).toBe(true)
  expect(elements.total?.textContent).toBe('9,998 matches')
})

test('10,001 matches of a status or a choice are counted, and counted on', async () => {
  for (const filters of [{ status: 'OPEN' }, { strategyType: 'RUBRIC' }]) {
    const total = await createTotal(filters)
    total.set(10_001, 101)
    expect(elements.total?.textContent).toBe('10,001 matches')
    total.adjust('job_created', { matches: true, effectIsKnown: true, id: 102 })
    expect(elements.total?.textContent).toBe('10,002 matches')
  }
  const total = await createTotal({ status: 'OPEN', clientId: '7' })
  total.set(10_001, 101)
  expect(elements.total?.textContent).toBe('more than 10,000 matches')
})
