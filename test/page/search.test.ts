import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { fakeDocument } from './fakeElement.ts'
import { load } from './load.ts'

const participant = jobRegistry.filters.find(({ fields }) => fields.length > 1)?.name
const document = fakeDocument()
const results = document.getElementById('search-results')

/** Answer to the requests for a job, and to those for the jobs of a participant. */
let ofJob: () => Response
let ofParticipant: () => Response

const refusal = (status: number, message: string) => () =>
  Response.json({ success: false, error: { message } }, { status })
const count = (total: number) => () =>
  Response.json({ success: true, data: [], pagination: { next: null, total } })

beforeAll(async () => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('document', document)
  vi.stubGlobal('fetch', async (address: string) => (address.includes('/jobs/') ? ofJob() : ofParticipant()))
  const { setDefinition } = await load('definition')
  setDefinition({
    fields: jobRegistry.fields,
    filters: jobRegistry.filters.map(({ name, operator, fields }) => ({ name, kind: operator, fields })),
  })
  const { createList } = await load('list')
  const { createSearch } = await load('search')
  createSearch({ list: createList(() => {}), onParticipant() {} })
})

beforeEach(() => results.replaceChildren())
afterAll(() => vi.unstubAllGlobals())

/** Searches for a text. Resolves with the words of the results. */
async function search(text: string): Promise<string[]> {
  document.getElementById('search-input').value = text
  document.getElementById('search').dispatchEvent(new Event('submit'))
  await vi.waitFor(() => expect(results.children).not.toHaveLength(0))
  return results.children.map((item) => (typeof item === 'string' ? item : item.textContent))
}

test('a search that finds nothing says so, also if the text cannot be an id', async () => {
  ofJob = refusal(404, 'no such job')
  ofParticipant = count(0)
  expect(await search('42')).toEqual(['Nothing found for “42”.'])
  ofJob = refusal(400, 'not a job id')
  ofParticipant = refusal(400, 'not an id')
  results.replaceChildren()
  expect(await search('x')).toEqual(['Nothing found for “x”.'])
})

test.each([429, 503])(
  'a search that the server refuses by status %i says that it failed, and why',
  async (status) => {
    ofJob = refusal(status, 'try again')
    ofParticipant = count(0)
    expect(await search('42')).toEqual(['The search failed: try again.'])
    ofJob = refusal(404, 'no such job')
    ofParticipant = refusal(status, 'try again')
    results.replaceChildren()
    expect(await search('42')).toEqual(['The search failed: try again.'])
  },
)

test('a search that gets no answer says that it failed', async () => {
  ofJob = () => {
    throw new TypeError('Failed to fetch')
  }
  ofParticipant = ofJob
  expect(await search('42')).toEqual(['The search failed: Failed to fetch.'])
})

test('a search that fails in part shows what it found, and that it failed', async () => {
  ofJob = refusal(503, 'try again')
  ofParticipant = count(2)
  expect(await search('42')).toEqual([`2 jobs of ${participant} 42`, 'The search failed: try again.'])
})
