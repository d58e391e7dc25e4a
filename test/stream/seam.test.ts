import { expect, it, onTestFinished } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import { startChain } from '../helpers/anvil.ts'
import { openStream, type StreamEvent } from '../helpers/eventStream.ts'
import { repeatTurns } from '../helpers/load.ts'
import { startService } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'

const JOINS = 15

/** Identifies a job. One that a reorg moves to another block counts as another job. */
const key = (job: Job) => `${job.jobId} ${job.creationTxHash} ${job.blockNumber}`

/**
 * The jobs of a client that read the history and applied the events after it. Throws if an event does
 * not fit.
 */
function replay(history: Job[], events: StreamEvent[]): string[] {
  const held = new Map(history.map((job) => [key(job), JSON.stringify(job)]))
  for (const { type, id, data } of events) {
    const job = key(data as unknown as Job)
    if (held.has(job) !== (type !== 'job_created')) throw new Error(`${id}: ${type} of ${job} does not fit`)
    if (type === 'job_removed') held.delete(job)
    else held.set(job, JSON.stringify(data))
  }
  return [...held.values()].sort()
}

it('a client that reads the history and then subscribes misses no event and gets none twice, under load with reorgs', async () => {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const service = await startService({
    DATABASE_URL: await createSharedDatabase(),
    RPC_URL: chain.wsUrl,
    CONTRACT_ADDRESS: chain.address,
  })
  onTestFinished(() => service.close())
  await service.untilReady()

  const load = repeatTurns(async (turn) => {
    const clientId = BigInt(turn % 5)
    const { jobId } = await chain.createJob({ clientId })
    if (turn % 2 === 0) await chain.changeJob('fund', [BigInt(jobId), clientId, 1n])
    if (turn % 7 > 0) return
    // A reorg of blocks that are not indexed removes nothing.
    await until(() => service.get(`/api/v1/jobs/${jobId}`), { message: `job ${jobId} indexed` })
    await chain.reorg(1 + (turn % 3))
  })
  onTestFinished(() => load.stop())

  const joined: { history: Job[]; stream: ReturnType<typeof openStream> }[] = []
  for (let i = 0; i < JOINS; i++) {
    // One page holds all jobs of clientId 1.
    const { data, pagination, lastEventId } = await service.get('/api/v1/jobs?limit=100&clientId=1')
    expect(pagination.next).toBe(null)
    const url = `${service.url}/api/v1/events?clientId=1`
    // The id is sent in the query, as a web page does, or in the header, as other clients can.
    const stream = i % 2 ? openStream(`${url}&lastEventId=${lastEventId}`) : openStream(url, { lastEventId })
    onTestFinished(() => stream.close())
    expect((await stream.connected).data.resumed).toBe(true)
    joined.push({ history: data, stream })
  }
  const removals = () => joined[0]?.stream.of('job_removed').length as number
  await until(() => removals() >= 5, { message: 'reorgs have removed jobs' })
  await load.stop()
  await chain.createJob({ clientId: 1n, budget: 777_777_777n })
  const isLast = (event: StreamEvent) => event.type === 'job_created' && event.data.budget === '777.777777'
  const last = (await joined[0]?.stream.waitFor(isLast)) as StreamEvent

  const truth = (await service.history()).filter(({ clientId }) => clientId === '1')
  expect(truth.length).toBeGreaterThan(5)
  for (const { history, stream } of joined) {
    await stream.waitFor((event) => event.id === last.id)
    const events = stream.jobEvents()
    expect(replay(history, events)).toEqual(truth.map((job) => JSON.stringify(job)).sort())
    const ids = events.map(({ id }) => Number(id))
    expect(ids).toEqual([...new Set(ids)].sort((a, b) => a - b))
  }
})
