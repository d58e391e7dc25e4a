import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
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
/** The next request gets this response. */
let failure: Response | undefined

beforeAll(async () => {
  // The modules read `location` when they are loaded, so they are not imported above.
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('removeEventListener', () => {})
  vi.stubGlobal('fetch', (address: string) => {
    const { search } = new URL(address)
    const response = failure
    failure = undefined
    if (response) return Promise.resolve(response)
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

/** A list that follows the open jobs. It has a page of them, the oldest of which is job 9; older ones exist. */
async function followOpenJobs() {
  const { addJob, createList, removeJob, resetList, updateJob } = await load('list')
  const { createSession, followFilters } = await load('session')
  const { createOlder } = await load('older')
  const list = createList(() => {})
  const session = createSession({
    keepaliveSeconds: 15,
    onIndexed() {},
    onState() {},
    onLoaded: ({ jobs, next }: { jobs: object[]; next: string }) => resetList(list, jobs, next),
    onEvent(type: string, changed: ReturnType<typeof job>) {
      if (type === 'job_created') addJob(list, changed)
      else if (type === 'job_removed') removeJob(list, changed)
      else updateJob(list, changed, changed.status === 'OPEN')
    },
  })
  const newest = Array.from({ length: 100 }, (_, i) => job(108 - i))
  const followed = followFilters(session, new URLSearchParams({ status: 'OPEN' }))
  requests.get('?status=OPEN&limit=100')?.({ jobs: newest, lastEventId: 99, next: 'a' })
  await followed
  const errors: (Error | null)[] = []
  const older = createOlder(list, session, { onError: (error: Error | null) => errors.push(error) })
  return { list, session, older, errors }
}

/** Ids of the rows from job 9 on; `-` before those that are struck out. */
const shownIn = (list: { entries: { job: { jobId: string }; gone?: string }[] }) =>
  list.entries
    .filter(({ job }) => Number(job.jobId) < 10)
    .map(({ job, gone }) => (gone ? `-${job.jobId}` : job.jobId))
    .join(' ')

test('a page of older jobs is requested once; a page for other filters does not wait for it', async () => {
  const { resetList } = await load('list')
  const { list, session, older } = await followOpenJobs()
  const first = older.load()
  requests.delete('?status=OPEN&limit=100')
  await older.load()
  expect([...requests.keys()]).toEqual(['?status=OPEN&cursor=a&limit=100'])

  session.filters = new URLSearchParams({ status: 'FUNDED' })
  resetList(list, [job(8)], 'b')
  const second = older.load()
  requests.get('?status=OPEN&cursor=a&limit=100')?.({ jobs: [job(7)], lastEventId: 99 })
  await first
  requests.get('?status=FUNDED&cursor=b&limit=100')?.({ jobs: [job(6)], lastEventId: 99 })
  await second
  expect(shownIn(list)).toBe('8 6')
  session.stream.close()
})

test('a page of older jobs is brought up to date with the events that overtook it', async () => {
  const { list, session, older, errors } = await followOpenJobs()
  const loaded = older.load()
  // The page includes the first event, after which its job matched once more.
  FakeEventSource.latest.receive('job_updated', job(8, 'FUNDED'), 100)
  FakeEventSource.latest.receive('job_updated', job(7, 'FUNDED'), 102)
  FakeEventSource.latest.receive('job_removed', job(6), 103)
  FakeEventSource.latest.receive('job_updated', job(5), 104)
  requests.get('?status=OPEN&cursor=a&limit=100')?.({
    jobs: [job(8), job(7), job(6), job(4)],
    lastEventId: 101,
  })
  await loaded
  expect(errors).toEqual([null])
  expect(shownIn(list)).toBe('9 8 -7 -6 5 4')
  session.stream.close()
})

test('a job that a reorg creates again on a page that is being read is shown with the page', async () => {
  const { list, session, older } = await followOpenJobs()
  const loaded = older.load()
  FakeEventSource.latest.receive('job_created', job(7), 100)
  expect(shownIn(list)).toBe('9')
  requests.get('?status=OPEN&cursor=a&limit=100')?.({ jobs: [job(8), job(6)], lastEventId: 99 })
  await loaded
  expect(shownIn(list)).toBe('9 8 7 6')
  session.stream.close()
})

describe('after an error', () => {
  const next = '?status=OPEN&cursor=a&limit=100'
  const busy = (headers = {}) => Response.json({ error: { message: 'busy' } }, { status: 429, headers })

  test('the page is requested again when the reader asks, but not because the reader is near the end', async () => {
    const { list, session, older, errors } = await followOpenJobs()
    failure = busy()
    older.loadNearEnd()
    await vi.waitFor(() => expect(errors).toMatchObject([null, { message: 'busy' }]))
    older.loadNearEnd()
    expect(requests.has(next)).toBe(false)
    const loaded = older.load()
    requests.get(next)?.({ jobs: [job(8)], lastEventId: 99, next: 'b' })
    await loaded
    expect(shownIn(list)).toBe('9 8')
    older.loadNearEnd()
    expect(requests.has('?status=OPEN&cursor=b&limit=100')).toBe(true)
    session.stream.close()
  })

  test('the page is requested again after the time that the server names', async () => {
    const { session, older, errors } = await followOpenJobs()
    vi.useFakeTimers()
    try {
      failure = busy({ 'retry-after': '30' })
      older.loadNearEnd()
      await vi.advanceTimersByTimeAsync(29_000)
      expect(errors).toHaveLength(2)
      expect(requests.has(next)).toBe(false)
      await vi.advanceTimersByTimeAsync(1000)
      expect(requests.has(next)).toBe(true)
    } finally {
      vi.useRealTimers()
    }
    session.stream.close()
  })
})

test('older jobs are loaded until the list covers the last hour, and no further', async () => {
  const { list, session, older } = await followOpenJobs()
  // The last hour began at second 5.
  vi.useFakeTimers({ toFake: ['Date'], now: 3605 * 1000 })
  try {
    const loading = older.loadLastHour()
    requests.get('?status=OPEN&cursor=a&limit=100')?.({ jobs: [job(8), job(6)], lastEventId: 99, next: 'b' })
    await vi.waitFor(() => expect([...requests.keys()].at(-1)).toBe('?status=OPEN&cursor=b&limit=100'))
    requests.get('?status=OPEN&cursor=b&limit=100')?.({ jobs: [job(5), job(4)], lastEventId: 99, next: 'c' })
    await loading
    expect(shownIn(list)).toBe('9 8 6 5 4')
    expect([...requests.keys()].at(-1)).toBe('?status=OPEN&cursor=b&limit=100')
  } finally {
    vi.useRealTimers()
    session.stream.close()
  }
})
