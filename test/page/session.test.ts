import { afterAll, beforeAll, expect, onTestFinished, test, vi } from 'vitest'
import { FakeEventSource } from './fakeEventSource.ts'
import { load } from './load.ts'

const history = (lastEventId: number, ...jobIds: string[]) =>
  Response.json({
    success: true,
    data: jobIds.map((jobId) => ({ jobId })),
    pagination: { next: null, total: jobIds.length },
    lastEventId: String(lastEventId),
  })
const refusal = (status: number, message: string) =>
  Response.json({ success: false, error: { message } }, { status })

/** Answers the latest request of the page. */
let answer: (response: Response) => void
let requestCount = 0
/** The address of the latest request. */
let address: URL
/** The timeout of the latest request, and its milliseconds. */
let timeout: AbortController
let timeoutMs: number

beforeAll(() => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('removeEventListener', () => {})
  vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    timeoutMs = ms
    timeout = new AbortController()
    return timeout.signal
  })
  vi.stubGlobal('fetch', (url: string, { signal }: RequestInit) => {
    requestCount += 1
    address = new URL(url)
    return new Promise<Response>((resolve, reject) => {
      answer = resolve
      signal?.addEventListener('abort', () => reject(signal.reason))
    })
  })
})

afterAll(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

/** A session that follows all jobs, and a log of what it reports. */
async function startSession(coversList: (jobs: object[]) => boolean = () => true) {
  const { createSession, followFilters } = await load('session')
  const log: unknown[][] = []
  const session = createSession({
    keepaliveSeconds: 15,
    coversList,
    onIndexed() {},
    onLoaded: ({ jobs }: { jobs: { jobId: string }[] }) =>
      log.push(['loaded', ...jobs.map((job) => job.jobId)]),
    onEvent: (type: string, job: { jobId: string }) => log.push([type, job.jobId]),
    onState: (state: string, error?: Error) => log.push(error ? [state, error.message] : [state]),
    onRefused: (message: string) => log.push(['refused', message]),
    onTotal: (total: number, lastId: number) => log.push(['total', total, lastId]),
  })
  const follow = followFilters(session, new URLSearchParams())
  answer(history(10, '1'))
  await follow
  FakeEventSource.latest.receive('connected', { resumed: true, blockNumber: '1' }, 10)
  log.length = 0
  return { session, log }
}

const missEvents = () => FakeEventSource.latest.receive('connected', { resumed: false, blockNumber: '1' }, 20)

test('events that arrive while the history is read again are applied afterwards, each once', async () => {
  const { session, log } = await startSession()
  missEvents()
  FakeEventSource.latest.receive('job_created', { jobId: '2' }, 21)
  FakeEventSource.latest.receive('job_created', { jobId: '3' }, 22)
  answer(history(21, '2', '1'))
  await vi.waitFor(() => expect(log).toHaveLength(4))
  expect(log).toEqual([['live'], ['loaded', '2', '1'], ['job_created', '3'], ['live']])
  session.stream.close()
})

test.each([
  [400, 'no such filter'],
  [401, 'the API key is not valid'],
])(
  'if the history cannot be read again because of status %i, the stream is closed',
  async (status, message) => {
    const { session, log } = await startSession()
    const source = FakeEventSource.latest
    missEvents()
    source.receive('job_created', { jobId: '2' }, 21)
    answer(refusal(status, message))
    await vi.waitFor(() => expect(log).toEqual([['live'], ['stopped', message]]))
    expect(source.readyState).toBe(2)
    expect(session.queue).toBeNull()
  },
)

test('filters that the API refuses leave the previous ones followed', async () => {
  const { session, log } = await startSession()
  const { followFilters } = await load('session')
  const follow = followFilters(session, new URLSearchParams({ status: 'NONE' }))
  answer(refusal(400, 'status takes OPEN'))
  await follow
  FakeEventSource.latest.receive('job_created', { jobId: '2' }, 21)
  expect(log).toEqual([['refused', 'status takes OPEN'], ['live'], ['job_created', '2']])
  session.stream.close()
})

test('filters that the API refuses after a failed request leave the connection live', async () => {
  const { followFilters } = await load('session')
  const { session, log } = await startSession()
  const follow = followFilters(session, new URLSearchParams({ clientId: 'x' }))
  const answerFirst = answer
  answer(Response.json({ error: { message: 'busy' } }, { status: 503, headers: { 'retry-after': '0.01' } }))
  await vi.waitFor(() => expect(answer).not.toBe(answerFirst))
  answer(refusal(400, 'no such filter'))
  await follow
  expect(log).toEqual([['lost', 'busy'], ['refused', 'no such filter'], ['live']])
  session.stream.close()
})

test('the number of matches is requested again if an event was applied after it was counted', async () => {
  vi.useFakeTimers()
  try {
    const { session, log } = await startSession()
    const { recount } = await load('session')
    recount(session)
    await vi.advanceTimersByTimeAsync(3000)
    FakeEventSource.latest.receive('job_created', { jobId: '2' }, 21)
    answer(history(20, '1'))
    await vi.advanceTimersByTimeAsync(3000)
    answer(history(22, '3', '2', '1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(log).toEqual([
      ['job_created', '2'],
      ['total', 1, 20],
      ['total', 3, 22],
    ])
    session.stream.close()
  } finally {
    vi.useRealTimers()
  }
})

test('a request for the history that is never answered fails, and is repeated', async () => {
  vi.useFakeTimers()
  try {
    const { session, log } = await startSession()
    missEvents()
    const count = requestCount
    timeout.abort(new DOMException('no answer', 'TimeoutError'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(log).toEqual([['live'], ['lost', 'no answer']])
    expect(requestCount).toBe(count + 1)
    answer(history(21, '2'))
    await vi.advanceTimersByTimeAsync(0)
    expect(log.slice(2)).toEqual([['loaded', '2'], ['live']])
    session.stream.close()
  } finally {
    vi.useRealTimers()
  }
})

/** A list of the jobs 100 to 1, held, and a session that reads it again after a gap. */
async function startHeldList() {
  const { addJob, coversList, createList, holdList, refreshList, resetList, waitingCount } =
    await load('list')
  const list = createList(() => {})
  const { session } = await startSession((jobs) => coversList(list, jobs))
  onTestFinished(() => session.stream.close())
  resetList(
    list,
    Array.from({ length: 100 }, (_, i) => numbered(100 - i)),
    'next',
  )
  holdList(list, true)
  /** Answers with pages of 100 jobs, from `newest` on. A cursor is the number of its first job. */
  async function rereadFrom(newest: number) {
    let isRead = false
    session.onLoaded = ({ jobs, next }: { jobs: object[]; next: string }) => {
      refreshList(list, jobs, next, 'removed')
      isRead = true
    }
    missEvents()
    while (!isRead) {
      const first = Number(address.searchParams.get('cursor') ?? newest)
      const count = requestCount
      const data = Array.from({ length: 100 }, (_, i) => numbered(first - i))
      const pagination = { next: String(first - 100), total: 2000 }
      answer(Response.json({ success: true, data, pagination, lastEventId: '20' }))
      await vi.waitFor(() => expect(isRead || requestCount > count).toBe(true))
    }
  }
  return {
    list,
    add: (number: number) => addJob(list, numbered(number)),
    waiting: () => waitingCount(list),
    rereadFrom,
  }
}
const numbered = (number: number) => ({
  jobId: String(number),
  creationTxHash: '0x1',
  blockNumber: String(number),
  onchainCreatedAt: '1',
})

test('a list with as many jobs waiting as may wait keeps its rows when the history is read again', async () => {
  const { list, add, waiting, rereadFrom } = await startHeldList()
  const rows = list.entries
  for (let number = 101; number <= 1100; number += 1) add(number)
  await rereadFrom(1100)
  expect(list.entries).toEqual(rows)
  expect(waiting()).toBe(1000)
})

test('a held list keeps its rows if the gap had more jobs than a page', async () => {
  const { list, waiting, rereadFrom } = await startHeldList()
  const rows = list.entries
  await rereadFrom(250)
  expect(list.entries.slice(0, 100)).toEqual(rows)
  expect(waiting()).toBe(150)
})

test('the position of every page that was read is known, also of pages of older jobs', async () => {
  const { session } = await startSession()
  onTestFinished(() => session.stream.close())
  const { readOlder } = await load('session')
  const older = readOlder(session, { cursor: 'next' })
  answer(history(50, '1'))
  await older
  expect(session.readTo).toBe(50)
})

test('the position of a later page of a history that is read again is known', async () => {
  const { session } = await startSession((jobs) => jobs.length > 1)
  onTestFinished(() => session.stream.close())
  const page = (lastEventId: number, jobId: string, next: string | null) =>
    Response.json({ success: true, data: [{ jobId }], pagination: { next, total: 2 }, lastEventId })
  missEvents()
  answer(page(20, '2', 'next'))
  await vi.waitFor(() => expect(address.searchParams.get('cursor')).toBe('next'))
  answer(page(60, '1', null))
  await vi.waitFor(() => expect(session.queue).toBeNull())
  expect([session.lastId, session.readTo]).toEqual([20, 60])
})

test('a count for filters that are no longer followed is not reported', async () => {
  vi.useFakeTimers()
  try {
    const { session, log } = await startSession()
    const { recount } = await load('session')
    void recount(session)
    await vi.advanceTimersByTimeAsync(3000)
    session.filters = new URLSearchParams({ status: 'OPEN' })
    answer(history(30, '1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(log.filter(([what]) => what === 'total')).toEqual([])
    session.stream.close()
  } finally {
    vi.useRealTimers()
  }
})

test('a request may take as long as the server lets it wait for its turn and run', async () => {
  const { session } = await startSession()
  // MAX_WAIT_MS of src/http/admission.ts and statement_timeout of src/store/postgres.ts
  expect(timeoutMs).toBeGreaterThan(5_000 + 8_000)
  session.stream.close()
})

test('a response that is not JSON is reported in words, as an error', async () => {
  const { get } = await load('api')
  const failure = get('jobs', []).catch((error: unknown) => error)
  answer(new Response('<!doctype html>'))
  expect(await failure).toMatchObject({ message: 'The server did not answer with JSON' })
  const refused = get('jobs', []).catch((error: unknown) => error)
  answer(new Response('bad gateway', { status: 502 }))
  expect(await refused).toMatchObject({ message: 'The server responded with status 502', status: 502 })
})

test('a response that ends halfway has failed, whatever its status', async () => {
  const { get } = await load('api')
  const failure = get('jobs', []).catch((error: unknown) => error)
  const body = new ReadableStream({ start: (controller) => controller.error(new TypeError('terminated')) })
  answer(new Response(body, { headers: { 'content-type': 'application/json' } }))
  expect(await failure).toBeInstanceOf(TypeError)
})

test('the number of matches is requested again only after the time that a refusal names', async () => {
  vi.useFakeTimers()
  try {
    const { session, log } = await startSession()
    const { recount } = await load('session')
    recount(session)
    await vi.advanceTimersByTimeAsync(3000)
    const count = requestCount
    answer(Response.json({ error: { message: 'busy' } }, { status: 429, headers: { 'retry-after': '20' } }))
    await vi.advanceTimersByTimeAsync(19_000)
    recount(session)
    expect(requestCount).toBe(count)
    await vi.advanceTimersByTimeAsync(1000)
    expect(requestCount).toBe(count + 1)
    answer(history(22, '1'))
    await vi.advanceTimersByTimeAsync(0)
    expect(log).toEqual([['total', 1, 22]])
    session.stream.close()
  } finally {
    vi.useRealTimers()
  }
})
