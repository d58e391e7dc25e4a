import { afterAll, beforeAll, expect, test, vi } from 'vitest'

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

test('an event that the number of matches includes already does not change it', async () => {
  const load = (name: string) => import(new URL(`../../src/page/${name}`, import.meta.url).href)
  const { createTotal } = await load('total.js')
  const { createList } = await load('list.js')
  const handlers = { hasFilters: () => true, onMore() {}, onChange() {} }
  const total = createTotal(
    createList(() => {}),
    handlers,
  )
  const follow = (id: number) => total.follow('job_created', { matches: true, isExact: true, id })
  total.set(5, 101)
  follow(101)
  expect(elements.total?.textContent).toBe('5 matches')
  follow(102)
  expect(elements.total?.textContent).toBe('6 matches')
})
