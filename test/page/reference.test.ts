import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { load } from './load.ts'

const elements: Record<string, { textContent?: string; hidden?: boolean }> = {}

beforeAll(() => {
  vi.stubGlobal('location', { search: '', hash: '' })
  vi.stubGlobal('document', {
    addEventListener() {},
    getElementById(id: string) {
      elements[id] ??= {}
      return elements[id]
    },
  })
})

afterAll(() => vi.unstubAllGlobals())

test("the API reference shows the server's message if the server refuses to send it", async () => {
  const refusal = { success: false, error: { message: 'too many requests; wait 30 s' } }
  vi.stubGlobal('fetch', async () => Response.json(refusal, { status: 429 }))
  await load('docs')
  expect(elements.problem).toEqual({
    textContent: 'The API reference could not be loaded: too many requests; wait 30 s',
    hidden: false,
  })
})
