import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type FollowEvent,
  type FollowOptions,
  follow,
  history,
  type Job,
  type Retry,
  subscribe,
} from '../../client/src/client.ts'
import { until } from '../helpers/until.ts'
import { type Collected, collect } from './collect.ts'
import { job, type ScriptedServer, startScripted } from './scripted.ts'

let server: ScriptedServer
const open: Collected<FollowEvent>[] = []
beforeEach(async () => {
  server = await startScripted()
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
  server.close()
})

function watch(options: FollowOptions = {}): Collected<FollowEvent> {
  const collected = collect((signal) => follow(server.url, { ...options, signal }))
  open.push(collected)
  return collected
}

/**
 * Disconnects the stream, runs `change`, and empties the feed, so that the stream has a gap. Waits until the
 * client has closed the gap.
 */
async function gap(stream: Collected<FollowEvent>, change: () => void): Promise<void> {
  const synced = stream.events.filter(({ type }) => type === 'synced').length
  server.drop()
  change()
  server.forget()
  await stream.waitFor('synced', synced + 1)
}

/** The job events after the first `count`. */
const since = (stream: Collected<FollowEvent>, count: number) => stream.jobs().slice(count)

const other = `0x${'cd'.repeat(32)}`

test('each change is one job_updated, live', async () => {
  const first = server.create(job('1', 900))
  const stream = watch()
  await stream.waitFor('synced')
  server.update(first, { providerId: '9' })
  server.update(first, { status: 'FUNDED' })
  server.create(job('2', 1001))
  expect(await stream.waitForJobs(4)).toEqual(['+1', '~1', '~1', '+2'])
  expect(stream.events.slice(-2)).toMatchObject([
    { type: 'job_updated', data: { status: 'FUNDED', providerId: '9' }, left: false, id: '103' },
    { type: 'job_created', id: '104' },
  ])
})

test('after a gap in which jobs were changed, removed and created, each is yielded once; unchanged jobs are not', async () => {
  const [, changed, gone] = ['1', '2', '3'].map((id) => server.create(job(id, 990 + Number(id)))) as [
    Job,
    Job,
    Job,
  ]
  const stream = watch()
  await stream.waitFor('synced')
  await gap(stream, () => {
    server.update(changed, { status: 'FUNDED' })
    server.update(changed, { status: 'COMPLETED' })
    server.remove(gone)
    server.create(job('4', 1001))
  })
  expect(since(stream, 3)).toEqual(['~2', '+4', '-3'])
  expect(stream.events.findLast(({ type }) => type === 'job_updated')?.data).toMatchObject({
    status: 'COMPLETED',
  })
})

test('after a gap, events older than the new read are not yielded, not even of a job on page 2 of the previous read', async () => {
  server.pageLimit = 1
  server.create(job('1', 998))
  let second = server.create(job('2', 999))
  const change = (title: string) => {
    second = server.update(second, { title })
  }
  let pages = 0
  server.beforePage = () => {
    if (++pages === 2) change('read with the second page')
  }
  const stream = watch()
  await stream.waitFor('synced')
  server.drop()
  server.forget()
  server.beforePage = () => {
    server.beforePage = () => {}
    change('before the read')
    change('read with the first page')
  }
  await stream.waitFor('synced', 2)
  change('live')
  await until(() => stream.jobs().length >= 4, { message: 'the last change' })
  const titles = stream.events.flatMap(({ data }) => (data && 'title' in data ? [data.title] : []))
  expect(titles).toEqual([null, 'read with the second page', 'read with the first page', 'live'])
})

test('after a job was looked up because its id is used again, its older state on the same page is not yielded', async () => {
  const first = server.create(job('1', 999, { title: 'created' }))
  const stream = watch()
  await stream.waitFor('synced')
  server.drop()
  server.create(job('1', 998, { creationTxHash: other, title: 'the second job' }))
  server.forget()
  let requests = 0
  server.beforePage = () => {
    if (++requests === 2) server.update(first, { title: 'looked up' })
  }
  await stream.waitFor('synced', 2)
  server.create(job('2', 1001, { title: 'live' }))
  await until(() => stream.jobs().includes('+2'), { message: 'the next job' })
  const titles = stream.events.flatMap(({ data }) => (data && 'title' in data ? [data.title] : []))
  expect(titles).toEqual(['created', 'looked up', 'the second job', 'live'])
})

test('a change of a job far below reorgDepth, of which only a hash is kept, is found after a gap', async () => {
  const old = server.create(job('1', 10))
  server.create(job('2', 11))
  const stream = watch({ reorgDepth: 5 })
  await stream.waitFor('synced')
  await gap(stream, () => server.update(old, { status: 'FUNDED' }))
  expect(since(stream, 2)).toEqual(['~1'])
})

test('an id that the contract uses twice: both jobs are yielded, and only a reorg removes one, also after a gap', async () => {
  server.create(job('1', 995))
  const stream = watch()
  await stream.waitFor('synced')
  const second = server.create(job('1', 1001, { creationTxHash: other }))
  await stream.waitForJobs(2)
  await gap(stream, () => {})
  server.update(second, { status: 'FUNDED' })
  await stream.waitForJobs(3)
  await gap(stream, () => server.remove(second))
  expect(stream.jobs()).toEqual(['+1', '+1', '~1', '-1'])
  expect(stream.events.findLast(({ type }) => type === 'job_removed')?.data).toMatchObject({
    creationTxHash: other,
  })
})

test('an id that the contract uses again in a gap: the first job is not removed', async () => {
  const first = server.create(job('1', 995))
  const all = watch()
  const open = watch({ filter: { status: ['OPEN'] } })
  await Promise.all([all.waitFor('synced'), open.waitFor('synced')])
  server.drop()
  server.update(first, { status: 'FUNDED' })
  server.create(job('1', 1001, { creationTxHash: other }))
  server.forget()
  await Promise.all([all.waitFor('synced', 2), open.waitFor('synced', 2)])
  expect(all.jobs()).toEqual(['+1', '~1', '+1'])
  // The first job is no longer OPEN: with the filter it left, and the second one is new.
  expect(open.jobs()).toEqual(['+1', '~1', '+1'])
  const updates = open.events.filter((event) => event.type === 'job_updated')
  expect(updates).toMatchObject([{ left: true, data: { creationTxHash: first.creationTxHash } }])
})

test('a reorg brings a job back in another block: its removal comes first, live and after a gap', async () => {
  const first = server.create(job('1', 1000))
  const stream = watch()
  await stream.waitFor('synced')
  server.remove(first)
  const second = server.create(job('1', 1001))
  expect(await stream.waitForJobs(3)).toEqual(['+1', '-1', '+1'])
  await gap(stream, () => {
    server.remove(second)
    server.create(job('1', 1000))
  })
  expect(since(stream, 3)).toEqual(['-1', '+1'])
  expect(stream.events.findLast(({ type }) => type === 'job_created')?.data).toMatchObject({
    blockNumber: '1000',
  })
})

test('if the pages are newer than the stream, its older events are skipped', async () => {
  const jobs = ['1', '2', '3'].map((id) => server.create(job(id, 990 + Number(id))))
  server.pageLimit = 2
  // Between the stream's beginning and the first page, and between the pages.
  server.beforePage = (nth) => {
    for (const each of jobs) server.update(each, { title: `before page ${nth}` })
  }
  const stream = watch()
  await stream.waitFor('synced')
  server.create(job('4', 1001))
  await until(() => stream.jobs().includes('+4'), { message: 'the stream has caught up' })
  expect(stream.jobs()).toEqual(['+1', '+2', '+3', '~1', '~2', '+4'])
  const titles = stream.events.flatMap(({ data }) => (data && 'title' in data ? [data.title] : []))
  expect(titles).toEqual(['before page 1', 'before page 1', ...Array(3).fill('before page 2'), null])
})

test('if a page already lacks a removed job, the creation and the removal on the stream are skipped', async () => {
  server.create(job('1', 990))
  server.beforePage = (nth) => {
    if (nth === 1) server.remove(server.create(job('2', 1001)))
  }
  const stream = watch()
  await stream.waitFor('synced')
  server.create(job('3', 1002))
  expect(await stream.waitForJobs(2)).toEqual(['+1', '+3'])
})

test('with a filter: a job that comes to match, leaves, and comes back is created once', async () => {
  const first = server.create(job('1', 990, { status: 'FUNDED' }))
  const stream = watch({ filter: { status: ['OPEN'] } })
  await stream.waitFor('synced')
  for (const status of ['OPEN', 'COMPLETED', 'FUNDED', 'OPEN']) server.update(first, { status })
  expect(await stream.waitForJobs(3)).toEqual(['+1', '~1', '~1'])
  const updates = stream.events.filter((event) => event.type === 'job_updated')
  expect(updates.map(({ left, data }) => [data.status, left])).toEqual([
    ['COMPLETED', true],
    ['OPEN', false],
  ])
})

test('with a filter: a job that left it in a gap is an update and no removal', async () => {
  const old = server.create(job('1', 10))
  const [left, gone] = ['2', '3'].map((id) => server.create(job(id, 990 + Number(id))))
  const stream = watch({ filter: { status: ['OPEN'] } })
  await stream.waitFor('synced')
  await gap(stream, () => {
    server.update(old, { status: 'FUNDED' })
    server.update(left as typeof old, { status: 'COMPLETED' })
    server.remove(gone as typeof old)
  })
  expect(since(stream, 3)).toEqual(['~1', '~2', '-3'])
  const updates = stream.events.filter((event) => event.type === 'job_updated')
  expect(updates.map(({ left: hasLeft, data }) => [data.status, hasLeft])).toEqual([
    ['FUNDED', true],
    ['COMPLETED', true],
  ])
  // A job that left is not requested again.
  const before = server.requests.length
  await gap(stream, () => {})
  expect(server.requests.slice(before).filter((path) => path.startsWith('/api/v1/jobs'))).toHaveLength(1)
})

test("'latest': changes of jobs older than reorgDepth are yielded live; after a gap, only of those that were yielded before", async () => {
  const [old, older] = ['1', '2'].map((id) => server.create(job(id, 10)))
  const stream = watch({ fromBlock: 'latest' })
  await stream.waitFor('synced')
  server.update(old as ReturnType<typeof job>, { status: 'FUNDED' })
  expect(await stream.waitForJobs(1)).toEqual(['~1'])
  await gap(stream, () => {
    for (const each of [old, older]) server.update(each as ReturnType<typeof job>, { status: 'COMPLETED' })
    server.create(job('3', 1001))
  })
  expect(since(stream, 1)).toEqual(['+3', '~1'])
})

test('a job from before fromBlock is yielded once it changes, and from then on also after a gap', async () => {
  const [old, older] = ['1', '2'].map((id) => server.create(job(id, 10)))
  server.create(job('3', 990))
  const stream = watch({ fromBlock: 900 })
  await stream.waitFor('synced')
  server.update(old as ReturnType<typeof job>, { status: 'FUNDED' })
  expect(await stream.waitForJobs(2)).toEqual(['+3', '~1'])
  await gap(stream, () => {
    for (const each of [old, older]) server.update(each as ReturnType<typeof job>, { status: 'COMPLETED' })
  })
  expect(since(stream, 2)).toEqual(['~1'])
})

test('resume: a run continues where another ended, whether or not the feed covers the time between', async () => {
  const first = server.create(job('1', 990))
  server.create(job('2', 991))
  const run = watch()
  await run.waitFor('synced')
  const jobs = run.events.flatMap((event) => (event.type === 'job_created' ? [event.data] : []))
  const lastEventId = run.events.findLast(({ id }) => id !== null)?.id ?? undefined
  expect(lastEventId).toBe('102')
  await open.splice(0)[0]?.stop()

  server.update(first, { status: 'FUNDED' })
  const covered = watch({ resume: { jobs, lastEventId } })
  expect(await covered.waitForJobs(1)).toEqual(['~1'])
  server.forget()
  const uncovered = watch({ resume: { jobs, lastEventId } })
  await uncovered.waitFor('synced')
  expect(uncovered.jobs()).toEqual(['~1'])
  await expect(follow(server.url, { fromBlock: 'latest', resume: { jobs } }).next()).rejects.toThrow(
    'fromBlock',
  )
})

test('an id to resume from is given only once everything before it was yielded', async () => {
  server.create(job('1', 990))
  server.beforePage = (nth) => {
    if (nth < 3) server.create(job(String(nth + 1), 1001))
  }
  server.pageLimit = 1
  const stream = watch()
  await stream.waitFor('synced')
  server.create(job('9', 1002))
  await until(() => stream.jobs().includes('+9'), { message: 'the newest job' })
  expect(stream.events.map(({ type, id }) => [type, id])).toEqual([
    ['connected', null],
    ...Array(3).fill(['job_created', null]),
    ['synced', null],
    ['job_created', '104'],
  ])
})

test('the jobs of an incomplete index are yielded, and the rest once it is complete', async () => {
  server.create(job('1', 10))
  server.syncing = true
  const stream = watch()
  await stream.waitForJobs(1)
  expect(stream.events.some(({ type }) => type === 'synced')).toBe(false)
  server.create(job('2', 11))
  server.syncing = false
  await until(
    () => {
      server.ping()
      return stream.events.some(({ type }) => type === 'synced')
    },
    { message: 'synced', intervalMs: 200 },
  )
  expect(stream.jobs()).toEqual(['+1', '+2'])
})

test.each([
  ['is not JSON', (response: ServerResponse) => response.end('<html>'), 'JSON'],
  ['has no list of jobs', (response: ServerResponse) => response.end('{"data":1}'), 'page of jobs'],
  [
    'is older than the stream',
    (response: ServerResponse) =>
      response.end(JSON.stringify({ data: [], pagination: { next: null }, lastEventId: '1' })),
    'older than its stream',
  ],
])(
  'a page that %s is reported, requested again after ever longer delays, and read once it is valid',
  async (_, answer, reason) => {
    server.create(job('1', 990))
    server.overrides.set('/api/v1/jobs', (__, response) => answer(response))
    const retries: Retry[] = []
    const stream = watch({ onRetry: (retry) => retries.push(retry) })
    await until(() => retries.length >= 2, { message: 'retries are reported' })
    expect(String(retries[0]?.error)).toContain(reason)
    expect(retries[1]?.delay).toBeGreaterThan(retries[0]?.delay as number)
    expect(stream.events.map(({ type }) => type)).toEqual(['connected'])
    server.overrides.clear()
    expect(await stream.waitForJobs(1)).toEqual(['+1'])
  },
)

test('history: an answer that is not JSON is an error after a few attempts', async () => {
  server.overrides.set('/api/v1/jobs', (_, response) => response.end('<html>'))
  const retries: Retry[] = []
  const reading = history(server.url, { onRetry: (retry) => retries.push(retry) }).next()
  await expect(reading).rejects.toThrow('did not answer with JSON')
  expect(retries).toHaveLength(4)
})

test('a `retry:` longer than a timer can be is a wait of the longest timer, not an immediate retry', async () => {
  server.retry = '99999999999'
  const delays: number[] = []
  const stream = collect((signal) =>
    subscribe(server.url, { signal, onRetry: ({ delay }) => delays.push(delay) }),
  )
  await stream.waitFor('connected')
  server.drop()
  await until(() => delays.length > 0, { message: 'the loss' })
  await new Promise((resolve) => setTimeout(resolve, 50))
  expect(delays).toEqual([2 ** 31 - 1])
  expect(server.requests).toHaveLength(1)
  await stream.stop()
})

test('an event that is larger than the client accepts ends the iteration with an error, and is not requested again', async () => {
  const events = subscribe(server.url)
  expect(await events.next()).toMatchObject({ value: { type: 'connected' } })
  server.create(job('1', 1001, { title: 'x'.repeat(2 << 20) }))
  await expect(events.next()).rejects.toMatchObject({ code: 'FRAME_TOO_LARGE' })
  expect(server.requests).toHaveLength(1)
})

test('an infinite idleTimeout never ends the connection', async () => {
  const stream = collect((signal) => subscribe(server.url, { signal, idleTimeout: Number.POSITIVE_INFINITY }))
  await stream.waitFor('connected')
  server.create(job('1', 1001))
  expect(await stream.waitForJobs(1)).toEqual(['+1'])
  expect(server.requests).toHaveLength(1)
  await stream.stop()
})
