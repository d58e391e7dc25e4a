import { afterAll, afterEach, beforeAll, expect, onTestFinished, test } from 'vitest'
import { type FollowEvent, type FollowOptions, follow, history, jobKey } from '../../client/src/client.ts'
import { repeatTurns } from '../helpers/load.ts'
import { until } from '../helpers/until.ts'
import { type Collected, collect } from './collect.ts'
import { type Server, startServer } from './server.ts'

let server: Server
const open: Collected<FollowEvent>[] = []
beforeAll(async () => {
  server = await startServer()
  await server.chain.createJobs(250, { perTransaction: 25 })
  await until(async () => (await stored()).length === 250, { message: 'the first jobs are indexed' })
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.stop()))
})
afterAll(() => server.close())

function watch(options: FollowOptions = {}): Collected<FollowEvent> {
  const collected = collect((signal) => follow(server.url, { ...options, signal }))
  open.push(collected)
  return collected
}

async function stored(): Promise<string[]> {
  const jobs: string[] = []
  for await (const job of history(server.url, { order: 'asc' })) jobs.push(nameOf(job))
  return jobs
}

/** The jobs of the server once it has indexed the whole chain: after a load it can be some blocks behind. */
async function storedAtHead(): Promise<string[]> {
  const { jobId, blockNumber, transactionHash } = await server.chain.createJob()
  const newest = nameOf({ jobId, blockNumber: String(blockNumber), creationTxHash: transactionHash })
  const jobs = async () => {
    const all = await stored()
    return all.at(-1) === newest && all
  }
  return until(jobs, { message: 'the newest job is indexed' })
}

/** The id of a job, which is readable, and its key: during a reorg, two jobs may have the same id. */
function nameOf(job: Parameters<typeof jobKey>[0]): string {
  return `${job.jobId}@${jobKey(job)}`
}

/**
 * The jobs of a consumer that applied every event. Fails if a job is created twice, or an unknown one
 * is removed.
 */
function view(events: FollowEvent[], begin: string[] = []): string[] {
  const jobs = new Set(begin)
  for (const event of events) {
    if (event.type === 'job_created') {
      expect(jobs.has(nameOf(event.data)), `job ${nameOf(event.data)} is created twice`).toBe(false)
      jobs.add(nameOf(event.data))
    }
    if (event.type === 'job_removed')
      expect(jobs.delete(nameOf(event.data)), `${nameOf(event.data)} is removed and was not there`).toBe(true)
  }
  return [...jobs].sort()
}

/** Waits until a consumer has the jobs of the server. */
async function untilSame(stream: Collected<FollowEvent>, begin: string[] = []): Promise<void> {
  await until(async () => String(view(stream.events, begin)) === String((await stored()).sort()), {
    message: 'the consumer has the jobs of the server',
  })
}

test('history in the order of the chain, then live', async () => {
  const begin = await stored()
  const stream = watch()
  await stream.waitFor('synced')
  expect(stream.jobs()).toEqual(begin.map((job) => `+${job.split('@')[0]}`))
  const { jobId } = await server.chain.createJob()
  expect((await stream.waitForJobs(begin.length + 1)).at(-1)).toBe(`+${jobId}`)
  expect(stream.events.at(-1)?.id).toMatch(/^\d+$/)
})

test('with order desc the history begins with the newest job and ends at fromBlock', async () => {
  const first = server.chain.deployBlock + 6
  const stream = watch({ order: 'desc', fromBlock: first, filter: { strategyType: ['PROGRAM'] } })
  await stream.waitFor('synced')
  const expected: string[] = []
  const filter = { strategyType: ['PROGRAM' as const] }
  for await (const job of history(server.url, { fromBlock: first, filter })) expected.push(`+${job.jobId}`)
  expect(stream.jobs()).toEqual(expected)
  expect(expected.length).toBeGreaterThan(10)
})

test("'latest' yields no history, but the removal of an earlier job", async () => {
  const { jobId } = await server.chain.createJob()
  await until(async () => (await stored()).at(-1)?.startsWith(`${jobId}@`), { message: 'the job is indexed' })
  const stream = watch({ fromBlock: 'latest' })
  await stream.waitFor('synced')
  expect(stream.jobs()).toEqual([])
  await server.chain.reorg(1)
  expect(await stream.waitForJobs(1)).toEqual([`-${jobId}`])
})

test("'latest' begins at `connected`: events from then on are yielded, even to a slow consumer", async () => {
  const isStored = async (jobId: string) => (await fetch(`${server.url}/api/v1/jobs/${jobId}`)).ok
  const old = await server.chain.createJob()
  await server.untilIndexed(old.jobId)
  const changes: string[] = []
  let young: string | undefined
  for await (const event of follow(server.url, { fromBlock: 'latest' })) {
    if (event.type === 'connected') {
      // A slow consumer: the client reads nothing until it continues.
      await server.chain.reorg(1)
      await until(async () => !(await isStored(old.jobId)), { message: 'the reorg is indexed' })
      young = (await server.chain.createJob()).jobId
      await server.untilIndexed(young)
    }
    if (event.type === 'job_created') changes.push(`+${event.data.jobId}`)
    if (event.type === 'job_removed') changes.push(`-${event.data.jobId}`)
    if (changes.length === 2) break
  }
  expect(changes).toEqual([`-${old.jobId}`, `+${young}`])
})

test('under constant load, with reorgs while the history is read, each job is yielded once', async () => {
  const load = repeatTurns(async (turn) => {
    await server.chain.createJob()
    if (turn % 7 === 0) await server.chain.reorg(3)
  })
  onTestFinished(() => load.stop())
  const streams = [watch(), watch({ order: 'desc' }), watch(), watch({ order: 'desc' })]
  await Promise.all(streams.map((stream) => stream.waitFor('synced')))
  await until(() => streams.every((s) => s.events.filter((e) => e.type === 'job_removed').length > 6), {
    message: 'reorgs are yielded',
  })
  await load.stop()
  for (const stream of streams) await untilSame(stream)
})

test('after a gap that the feed does not cover, new jobs and removals by a reorg are yielded', async () => {
  const before = await storedAtHead()
  const stream = watch()
  const late = watch({ fromBlock: 'latest' })
  await Promise.all([stream.waitFor('synced'), late.waitFor('synced')])
  for (let i = 0; i < 3; i++) await server.chain.createJob()
  await Promise.all([stream.waitForJobs(before.length + 3), late.waitForJobs(3)])

  await server.stop()
  await server.chain.reorg(2)
  for (let i = 0; i < 130; i++) await server.chain.sendJob()
  // Without retention no id can be resumed from.
  await server.start({ FEED_RETENTION: '0' })
  expect((await stream.waitFor('connected', 2)).data).toMatchObject({ resumed: false })
  await Promise.all([stream.waitFor('synced', 2), late.waitFor('synced', 2)])
  await untilSame(stream)
  await untilSame(late, before)
  expect(stream.jobs().filter((job) => job.startsWith('-'))).toHaveLength(2)

  const { jobId } = await server.chain.createJob()
  await until(() => late.jobs().at(-1) === `+${jobId}`, { message: 'live again' })
  await untilSame(late, before)
})

test('after restarts, reorgs and load in any order the consumer has the jobs of the server', async () => {
  const begin = await storedAtHead()
  const streams = [watch(), watch({ fromBlock: 'latest' }), watch({ order: 'desc', reorgDepth: 20 })]
  await Promise.all(streams.map((stream) => stream.waitFor('synced')))
  for (const [round, retention] of ['1h', '0'].entries()) {
    await server.chain.createJobs(30, { perTransaction: 3 })
    await server.chain.reorg(4)
    await server.stop()
    for (let i = 0; i <= round; i++) await server.chain.createJob()
    await server.chain.reorg(round + 3)
    await server.chain.createJob()
    await server.start({ FEED_RETENTION: retention })
    await server.chain.createJob()
    await Promise.all(streams.map((stream) => stream.waitFor('connected', round + 2)))
  }
  for (const [i, stream] of streams.entries()) await untilSame(stream, i === 1 ? begin : [])
})

test('an abort during the history ends it without an error', async () => {
  const control = new AbortController()
  const found: string[] = []
  for await (const event of follow(server.url, { signal: control.signal })) {
    found.push(event.type)
    if (event.type === 'job_created') control.abort()
  }
  expect(found.at(-1)).toBe('job_created')
  expect(found.length).toBeLessThan(250)
})

test('a refusal throws with the message of the server', async () => {
  const refused = follow(server.url, { filter: { clientId: ['seven'] } }).next()
  await expect(refused).rejects.toMatchObject({ status: 400, message: expect.stringContaining('clientId') })
})
