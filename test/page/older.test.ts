import { afterAll, beforeAll, expect, test, vi } from 'vitest'

const job = (number: number) => ({
  jobId: String(number),
  creationTxHash: '0x1',
  blockNumber: String(number),
  onchainCreatedAt: String(number),
})

/** Requests that wait for an answer: query → a function that answers with one job. */
const requests = new Map<string, (jobId: number) => void>()

beforeAll(() => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('fetch', (address: string) => {
    const { search } = new URL(address)
    return new Promise<Response>((resolve) => {
      requests.set(search, (jobId) =>
        resolve(Response.json({ success: true, data: [job(jobId)], pagination: { next: null } })),
      )
    })
  })
})

afterAll(() => vi.unstubAllGlobals())

test('a page of older jobs is requested once; a page for other filters does not wait for it', async () => {
  const module = (name: string) => import(new URL(`../../src/page/${name}`, import.meta.url).href)
  const { createList, resetList } = await module('list.js')
  const { loadOlder } = await module('older.js')
  const list = createList(() => {})
  resetList(list, [job(9)], 'a')
  const session = { filters: new URLSearchParams() }
  const first = loadOlder(list, session)
  await loadOlder(list, session)
  expect([...requests.keys()]).toEqual(['?cursor=a&limit=100'])

  session.filters = new URLSearchParams({ status: 'OPEN' })
  resetList(list, [job(8)], 'b')
  const second = loadOlder(list, session)
  requests.get('?cursor=a&limit=100')?.(7)
  await first
  requests.get('?status=OPEN&cursor=b&limit=100')?.(6)
  await second
  expect(list.entries.map((entry: { job: { jobId: string } }) => entry.job.jobId)).toEqual(['8', '6'])
})
