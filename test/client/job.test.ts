import { expect, expectTypeOf, test } from 'vitest'
import { type FollowEvent, type follow, type Job, type JobBase, jobKey } from '../../client/src/client.ts'
import type * as client from '../../client/src/events.ts'
import { blockOf } from '../../client/src/job.ts'
import type { erc8183 } from '../../src/contract/erc8183.ts'
import type * as contract from '../../src/contract/job.ts'
import type { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { JobOf } from '../../src/contract/jobType.ts'
import type * as server from '../../src/events.ts'
import { job } from './scripted.ts'

type JobRegistryJob = JobOf<typeof jobRegistry>
type Erc8183Job = JobOf<typeof erc8183>

// Checked by npm run typecheck.
test("the client's Job is that of the default definition, and its functions take the job of any definition", () => {
  expectTypeOf<Job>().branded.toEqualTypeOf<JobRegistryJob>()
  expectTypeOf<Erc8183Job>().toExtend<JobBase>()
  type Data<E> = E extends { type: 'job_created'; data: infer D } ? D : never
  type Yielded = ReturnType<typeof follow<Erc8183Job>> extends AsyncGenerator<infer E> ? Data<E> : never
  expectTypeOf<Yielded>().toEqualTypeOf<Erc8183Job>()
  expectTypeOf<Data<FollowEvent>>().toEqualTypeOf<Job>()
})

// Checked by npm run typecheck.
test("the event types that the client declares, to avoid the server's dependencies, equal those of the server", () => {
  expectTypeOf<JobBase>().toEqualTypeOf<contract.JobBase>()
  expectTypeOf<client.EventType>().toEqualTypeOf<keyof typeof server.events>()
  expectTypeOf<client.Connected>().toEqualTypeOf<server.Connected>()
  expectTypeOf<client.Ping>().toEqualTypeOf<server.Ping>()
  expectTypeOf<client.Unavailable>().toEqualTypeOf<server.Unavailable>()
})

test('a job is identified by its id, its transaction and its block', () => {
  const first = job('7', 10)
  expect(jobKey(job('7', 10, { status: 'FUNDED', providerId: '9' }))).toBe(jobKey(first))
  for (const other of [job('8', 10), job('7', 11), job('7', 10, { creationTxHash: `0x${'cd'.repeat(32)}` })])
    expect(jobKey(other)).not.toBe(jobKey(first))
  expect(blockOf(jobKey(job('7', 123)))).toBe(123n)
})
