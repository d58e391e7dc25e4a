import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import type { EventStream } from '../helpers/eventStream.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

let writer: Writer
let service: Service
beforeAll(async () => {
  const url = await createSharedDatabase()
  writer = await openWriter(url)
  service = await serveDatabase(url, { KEEPALIVE_SECONDS: '1' })
})
afterAll(async () => {
  await service?.close()
  await writer?.close()
})

async function follow(query: string): Promise<EventStream> {
  const stream = subscribe(service, { query: `?${query}` })
  await stream.connected
  return stream
}

/** Creates a job and returns its id. */
async function newJob(job: Partial<Job> = {}): Promise<string> {
  await writer.add(job)
  const { data } = await service.get('/api/v1/jobs?limit=1')
  return data[0].jobId
}

/** Waits for a ping with the feed's last id. Returns type and status of the job events received by then. */
async function received(stream: EventStream): Promise<string[]> {
  const lastId = await writer.lastId()
  await stream.waitFor(({ type, id }) => type === 'ping' && Number(id) >= lastId)
  return stream.jobEvents().map(({ type, data }) => `${type} ${data.status}`)
}

it('a job that leaves the filter is sent once more, as it is now, and then no more', async () => {
  const stream = await follow('status=OPEN')
  const jobId = await newJob()
  await writer.change(jobId, { status: 'FUNDED' })
  await writer.change(jobId, { status: 'SUBMITTED' })
  expect(await received(stream)).toEqual(['job_created OPEN', 'job_updated FUNDED'])
})

it('a job that enters the filter is sent from that change on', async () => {
  const stream = await follow('providerId=41')
  const jobId = await newJob()
  await writer.change(jobId, { status: 'FUNDED' })
  await writer.change(jobId, { providerId: '41' })
  await writer.change(jobId, { status: 'SUBMITTED' })
  await writer.change(jobId, { providerId: '42' })
  await writer.change(jobId, { status: 'COMPLETED' })
  expect(await received(stream)).toEqual([
    'job_updated FUNDED',
    'job_updated SUBMITTED',
    'job_updated SUBMITTED',
  ])
})

it('participant selects the jobs in which the given id has any role, and no others', async () => {
  const stream = await follow('participant=51')
  const mine = await newJob({ clientId: '51' })
  const other = await newJob({ clientId: '52', providerId: '53' })
  await writer.change(mine, { status: 'FUNDED' })
  await writer.change(other, { status: 'FUNDED' })
  await writer.change(other, { evaluatorId: '51' })
  expect(await received(stream)).toEqual(['job_created OPEN', 'job_updated FUNDED', 'job_updated FUNDED'])
})

it('an event must match types and the filter: job_updated alone, and creations alone', async () => {
  const changes = await follow('types=job_updated,ping&clientId=61')
  const creations = await follow('filter=job_c*,ping&clientId=61')
  const jobId = await newJob({ clientId: '61' })
  await writer.change(jobId, { status: 'FUNDED' })
  expect(await received(changes)).toEqual(['job_updated FUNDED'])
  expect(await received(creations)).toEqual(['job_created OPEN'])
})

it('a change that a reorg removes is sent as an update, and a removal is filtered by the last state of the job', async () => {
  const [open, funded] = [await follow('status=OPEN'), await follow('status=FUNDED')]
  const kept = await newJob()
  const removed = await newJob()
  await writer.change(kept, { status: 'FUNDED' })
  await writer.change(removed, { status: 'FUNDED' })
  // The two changes and the creation of the second job.
  await writer.remove(3)
  expect(await received(open)).toEqual([
    ...['job_created OPEN', 'job_created OPEN', 'job_updated FUNDED', 'job_updated FUNDED'],
    'job_updated OPEN',
  ])
  expect(await received(funded)).toEqual([
    ...['job_updated FUNDED', 'job_updated FUNDED'],
    ...['job_removed FUNDED', 'job_updated OPEN'],
  ])
  expect((await service.get(`/api/v1/jobs/${kept}`)).data).toMatchObject({ status: 'OPEN', providerId: null })
  await service.get(`/api/v1/jobs/${removed}`, 404)
})

it('a client that resumes in the middle of a lifecycle gets the rest that passes its filter', async () => {
  const stream = await follow('status=OPEN,FUNDED')
  const jobId = await newJob()
  await writer.change(jobId, { status: 'FUNDED' })
  const [created] = await stream.waitFor(1)
  stream.close()
  await writer.change(jobId, { status: 'SUBMITTED' })
  await writer.change(jobId, { status: 'COMPLETED' })
  const resumed = await follow(`status=OPEN,FUNDED&lastEventId=${created?.id}`)
  expect((await resumed.connected).data.resumed).toBe(true)
  expect(await received(resumed)).toEqual(['job_updated FUNDED', 'job_updated SUBMITTED'])
})
