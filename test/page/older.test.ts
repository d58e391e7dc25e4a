import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { FakeEventSource } from './fakeEventSource.ts'
import { load } from './load.ts'

const job = (number: number, status = 'OPEN') => ({
  jobId: String(number),
  status,
  creationTxHash: '0x1',
  blockNumber: String(number),
  onchainCreatedAt: String(number),
})

interface Answer {
  jobs: ReturnType<typeof job>[]
  lastEventId: number
  next?: string
}

/** Requests that wait for an answer: query → a function that answers it. */
const requests = new Map<string, (answer: Answer) => void>()

beforeAll(async () => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('removeEventListener', () => {})
  vi.stubGlobal('fetch', (address: string) => {
    const { search } = new URL(address)
    return new Promise<Response>((resolve) => {
      requests.set(search, ({ jobs, lastEventId, next = null }) => {
        const pagination = { next, total: jobs.length }
        resolve(Response.json({ success: true, data: jobs, pagination, lastEventId: String(lastEventId) }))
      })
    })
  })
  const { setDefinition } = await load('definition')
  setDefinition({
    fields: jobRegistry.fields,
    filters: jobRegistry.filters.map(({ name, operator, fields }) => ({ name, kind: operator, fields })),
  })
})

afterAll(() => vi.unstubAllGlobals())
beforeEach(() => requests.clear())

// The modules read `location` when they are loaded.

/** A list that follows the open jobs. It has a page of them, the oldest of which is job 9; older ones exist. */
async function followOpenJobs() {
  const { createList, removeJob, resetList, updateJob } = await load('list')
  const { createSession, followFilters } = await load('session')
  const list = createList(() => {})
  const session = createSession({
    keepaliveSeconds: 15,
    onHead() {},
    onState() {},
    onLoaded: ({ jobs, next }: { jobs: object[]; next: string }) => resetList(list, jobs, next),
    onEvent(type: string, changed: ReturnType<typeof job>) {
      if (type === 'job_removed') removeJob(list, changed)
      else updateJob(list, changed, changed.status === 'OPEN')
    },
  })
  const newest = Array.from({ length: 100 }, (_, i) => job(108 - i))
  const followed = followFilters(session, new URLSearchParams({ status: 'OPEN' }))
  requests.get('?status=OPEN&limit=100')?.({ jobs: newest, lastEventId: 99, next: 'a' })
  await followed
  return { list, session }
}

/** Ids of the rows from job 9 on; `-` before those that are struck out. */
const shownIn = (list: { entries: { job: { jobId: string }; gone?: string }[] }) =>
  list.entries
    .filter(({ job }) => Number(job.jobId) < 10)
    .map(({ job, gone }) => (gone ? `-${job.jobId}` : job.jobId))
    .join(' ')

test('a page of older jobs is requested once; a page for other filters does not wait for it', async () => {
  const { resetList } = await load('list')
  const { loadOlder } = await load('older')
  const { list, session } = await followOpenJobs()
  const first = loadOlder(list, session)
  requests.delete('?status=OPEN&limit=100')
  await loadOlder(list, session)
  expect([...requests.keys()]).toEqual(['?status=OPEN&cursor=a&limit=100'])

  session.filters = new URLSearchParams({ status: 'FUNDED' })
  resetList(list, [job(8)], 'b')
  const second = loadOlder(list, session)
  requests.get('?status=OPEN&cursor=a&limit=100')?.({ jobs: [job(7)], lastEventId: 99 })
  await first
  requests.get('?status=FUNDED&cursor=b&limit=100')?.({ jobs: [job(6)], lastEventId: 99 })
  await second
  expect(shownIn(list)).toBe('8 6')
  session.stream.close()
})

test('a page of older jobs is brought up to date with the events that overtook it', async () => {
  const { loadOlder } = await load('older')
  const { list, session } = await followOpenJobs()
  const loaded = loadOlder(list, session)
  // The page includes the first event, after which its job matched once more.
  FakeEventSource.latest.receive('job_updated', job(8, 'FUNDED'), 100)
  FakeEventSource.latest.receive('job_updated', job(7, 'FUNDED'), 102)
  FakeEventSource.latest.receive('job_removed', job(6), 103)
  FakeEventSource.latest.receive('job_updated', job(5), 104)
  requests.get('?status=OPEN&cursor=a&limit=100')?.({
    jobs: [job(8), job(7), job(6), job(4)],
    lastEventId: 101,
  })
  expect(await loaded).toBeNull()
  expect(shownIn(list)).toBe('9 8 -7 -6 5 4')
  session.stream.close()
})
