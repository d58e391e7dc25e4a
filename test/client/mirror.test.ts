import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  type Job,
  type JobFilter,
  jobKey,
  type MirrorChange,
  type MirrorOptions,
  mirror,
} from '../../client/src/client.ts'
import { until } from '../helpers/until.ts'
import { job, type ScriptedServer, startScripted } from './scripted.ts'

let server: ScriptedServer
let control: AbortController
beforeEach(async () => {
  server = await startScripted()
  control = new AbortController()
})
afterEach(() => {
  control.abort()
  server.close()
})

const filter: JobFilter = { status: ['OPEN'] }
const start = (options: MirrorOptions = { filter }) =>
  mirror(server.url, { signal: control.signal, ...options })
const ids = (jobs: Iterable<Job>) => [...jobs].map(({ jobId }) => jobId)

/** Runs a loop over a mirror. `signs` returns its changes as `+1`, `~1`, `-1`, `synced` and `stale`. */
function loop(open: AsyncIterable<MirrorChange>) {
  const changes: MirrorChange[] = []
  const over = (async () => {
    for await (const change of open) changes.push(change)
  })()
  over.catch(() => {})
  const sign = { added: '+', changed: '~', removed: '-', synced: 'synced', stale: 'stale' }
  const signs = () => changes.map(({ type, job }) => `${sign[type]}${job?.jobId ?? ''}`)
  return {
    changes,
    signs,
    over,
    until: (last: string) => until(() => signs().at(-1) === last, { message: `${last} after ${signs()}` }),
  }
}

test('the map has the jobs that match, and follows updates into the filter and out of it', async () => {
  const first = server.create(job('1', 990))
  const second = server.create(job('2', 991, { status: 'FUNDED' }))
  const open = start()
  expect(open.synced).toBe(false)
  await open.whenSynced()
  expect(ids(open.jobs.values())).toEqual(['1'])
  expect(open.jobs.get(jobKey(first))).toEqual(first)

  const { changes, signs, until: untilSign } = loop(open)
  await untilSign('synced')
  server.update(second, { status: 'OPEN' })
  await untilSign('+2')
  server.update(second, { providerId: '9' })
  await untilSign('~2')
  server.update(first, { status: 'FUNDED' })
  await untilSign('-1')
  server.create(job('3', 1001))
  await untilSign('+3')
  server.create(job('4', 1002, { status: 'COMPLETED' }))
  server.remove(second)
  await untilSign('-2')
  expect(ids(open.jobs.values())).toEqual(['3'])
  expect(signs()).toEqual(['+1', 'synced', '+2', '~2', '-1', '+3', '-2'])
  expect(changes[3]).toMatchObject({ before: { providerId: null }, job: { providerId: '9' } })
  // A job that left has its new state; one that a reorg removed, its last.
  expect(changes[4]).toMatchObject({ before: { status: 'OPEN' }, job: { status: 'FUNDED' } })
  expect(changes[6]).toMatchObject({ before: { status: 'OPEN' }, job: { status: 'OPEN' } })
})

test('without a filter it has all jobs, and does not request the definition', async () => {
  server.create(job('1', 990))
  server.create(job('2', 991, { status: 'FUNDED' }))
  const all = start({})
  await all.whenSynced()
  expect(ids(all.jobs.values())).toEqual(['1', '2'])
  expect(server.requests.some((path) => path.startsWith('/api/v1/config'))).toBe(false)
})

test('an id used twice is two jobs', async () => {
  server.create(job('1', 990))
  const open = start()
  await open.whenSynced()
  const second = server.create(job('1', 991))
  await until(() => open.jobs.size === 2, { message: 'both jobs' })
  server.remove(second)
  await until(() => open.jobs.size === 1, { message: 'one job' })
  expect([...open.jobs.values()][0]).toMatchObject({ blockNumber: '990' })
})

test('a short disconnection: stale at once, and synced once the missed events have arrived', async () => {
  const first = server.create(job('1', 990))
  const open = start()
  const { signs, until: untilSign } = loop(open)
  await untilSign('synced')
  server.drop()
  await untilSign('stale')
  expect(open.synced).toBe(false)
  server.update(first, { status: 'FUNDED' })
  server.create(job('2', 1001))
  await untilSign('synced')
  expect(signs()).toEqual(['+1', 'synced', 'stale', '-1', '+2', 'synced'])
})

test('a short disconnection in which only jobs outside the filter changed: synced at the next ping', async () => {
  const other = server.create(job('1', 990, { status: 'FUNDED' }))
  const open = start()
  await open.whenSynced()
  server.drop()
  server.update(other, { status: 'COMPLETED' })
  await until(() => server.streams > 0, { message: 'the stream is back' })
  await until(() => server.requests.at(-1)?.includes('limit=1'), { message: 'the position is asked for' })
  expect(open.synced).toBe(false)
  server.ping()
  await open.whenSynced()
  expect(open.synced).toBe(true)
})

test('a gap: changes of the gap are shown once it is closed, and then it is synced', async () => {
  const [left, gone, changed] = ['1', '2', '3'].map((id) => server.create(job(id, 10 + Number(id))))
  const open = start()
  const { signs, until: untilSign } = loop(open)
  await untilSign('synced')
  server.drop()
  server.update(left as Job, { status: 'FUNDED' })
  server.remove(gone as Job)
  server.update(changed as Job, { providerId: '9' })
  server.create(job('4', 1001))
  server.forget()
  await until(() => signs().filter((sign) => sign === 'synced').length === 2, { message: 'synced again' })
  expect(signs()).toEqual(['+1', '+2', '+3', 'synced', 'stale', '~3', '+4', '-1', '-2', 'synced'])
  expect(ids(open.jobs.values())).toEqual(['3', '4'])
})

test('a page newer than the stream: no state is shown that is older than one shown', async () => {
  const first = server.create(job('1', 990))
  server.beforePage = (nth) => {
    if (nth > 1) return
    server.update(first, { status: 'FUNDED' })
    server.update(first, { status: 'OPEN', providerId: '9' })
    server.remove(server.create(job('2', 1001)))
  }
  const { changes, until: untilSign, signs } = loop(start())
  await untilSign('synced')
  server.create(job('3', 1002))
  await untilSign('+3')
  expect(signs()).toEqual(['+1', 'synced', '+3'])
  expect(changes[0]).toMatchObject({ job: { providerId: '9' } })
})

test('a slow loop gets the present state, and one change instead of many', async () => {
  const first = server.create(job('1', 990))
  const second = server.create(job('2', 991))
  const open = start()
  await open.whenSynced()
  const seen: string[] = []
  for await (const { type, job: now } of open) {
    seen.push(`${type} ${now?.jobId ?? ''} ${now?.title ?? ''}`)
    if (seen.length === 1) {
      server.update(first, { title: 'a' })
      server.update(first, { title: 'b' })
      server.update(second, { status: 'FUNDED' })
      server.remove(server.create(job('3', 1001)))
      server.create(job('4', 1002))
      await until(() => open.jobs.size === 2 && ids(open.jobs.values()).includes('4'), { message: 'job 4' })
    }
    if (now?.jobId === '4') break
  }
  expect(seen).toEqual(['added 1 ', 'synced  ', 'changed 1 b', 'added 4 '])
})

test('a change that was undone before the loop saw it is not yielded', async () => {
  const first = server.create(job('1', 990))
  const open = start()
  await open.whenSynced()
  const seen: string[] = []
  for await (const { type, job: now } of open) {
    seen.push(type)
    if (seen.length === 2) {
      server.update(first, { status: 'FUNDED' })
      server.update(first, { status: 'OPEN' })
      server.create(job('2', 1001))
      await until(() => open.jobs.size === 2, { message: 'job 2' })
    }
    if (now?.jobId === '2') break
  }
  expect(seen).toEqual(['added', 'synced', 'added'])
})

test('leaving the loop ends the mirror: the stream is closed, and it is no longer synced', async () => {
  server.create(job('1', 990))
  const open = start()
  for await (const { type } of open) if (type === 'synced') break
  await until(() => server.streams === 0, { message: 'the stream is closed' })
  expect(open.synced).toBe(false)
  expect(open.jobs.size).toBe(1)
  await expect(open.whenSynced()).rejects.toThrow('aborted')
})

test('the signal ends the mirror: the loop without an error, whenSynced with its reason', async () => {
  server.syncing = true
  const open = start()
  const { over } = loop(open)
  const waiting = open.whenSynced()
  await until(() => server.streams === 1, { message: 'a stream' })
  control.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  await over
  await expect(loop(open).over).rejects.toThrow('already iterated')
})

test('a refusal is thrown by whenSynced, by synced and by the loop', async () => {
  server.overrides.set('/api/v1/events', (_, response) =>
    response.writeHead(401).end('{"error":{"code":"UNAUTHORIZED","message":"a key is needed"}}'),
  )
  const open = start()
  await expect(open.whenSynced()).rejects.toMatchObject({ status: 401, message: 'a key is needed' })
  expect(() => open.synced).toThrow('a key is needed')
  await expect(loop(open).over).rejects.toThrow('a key is needed')
})

test('a definition that cannot be read is reported, and the mirror is synced once it can be', async () => {
  server.overrides.set('/api/v1/config', (_, response) => response.end('{"data":{}}'))
  const reasons: string[] = []
  const open = start({ filter, onRetry: ({ error }) => reasons.push(String(error)) })
  await until(() => reasons.length > 0, { message: 'a retry' })
  expect(reasons[0]).toContain('does not describe')
  server.overrides.clear()
  await open.whenSynced()
})
