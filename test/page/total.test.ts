import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { load } from './load.ts'

const elements: Record<string, { textContent?: string; addEventListener(): void }> = {}

beforeAll(() => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('document', {
    getElementById(id: string) {
      elements[id] ??= { addEventListener() {} }
      return elements[id]
    },
  })
})

afterAll(() => vi.unstubAllGlobals())

/** The number of matches of a filtered list. */
async function createTotal() {
  const { createTotal } = await load('total')
  const { createList } = await load('list')
  const list = createList(() => {})
  return createTotal(list, { hasFilters: () => true, onMore() {}, onChange() {} })
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
