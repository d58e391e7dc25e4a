import { expect, test } from 'vitest'
import { type Job, jobKey } from '../../client/src/client.ts'
import { byBlock, createKnownJobs, hashOf } from '../../client/src/known.ts'
import { job } from './scripted.ts'

const first = job('1', 10)
const key = jobKey(first)

test('a job with any other value differs from the known one, whether the job or its hash is kept', () => {
  for (const floor of [0n, 100n]) {
    const known = createKnownJobs<Job>(true)
    known.raiseFloor(floor)
    expect(known.differs(key, first)).toBe(true)
    known.put(key, first)
    expect(known.differs(key, { ...first })).toBe(false)
    expect(known.differs(key, { ...first, status: 'FUNDED' })).toBe(true)
    expect(known.differs(key, { ...first, providerId: '9' })).toBe(true)
  }
})

test('below the floor only a hash is kept', () => {
  const known = createKnownJobs<Job>(true)
  const jobs = [8, 9, 10, 11].map((block) => job(String(block), block))
  for (const each of jobs) known.put(jobKey(each), each)
  known.raiseFloor(10n)
  expect([...known.recentById().keys()]).toEqual(['10', '11'])
  expect(known.inside().size).toBe(4)
  expect(jobs.map((each) => known.differs(jobKey(each), each))).toEqual([false, false, false, false])
  expect(jobs.map((each) => known.remove(jobKey(each)))).toEqual([undefined, undefined, jobs[2], jobs[3]])
  expect(known.inside().size).toBe(0)
})

test('a job that left the filter does not count as matching, and stays known if left jobs are kept', () => {
  for (const keepLeft of [true, false]) {
    const known = createKnownJobs<Job>(keepLeft)
    known.put(key, first)
    known.leave(key)
    expect([known.has(key), known.isInside(key), known.differs(key, first)]).toEqual([keepLeft, false, true])
    expect(known.inside().size).toBe(0)
    known.put(key, first)
    expect(known.isInside(key)).toBe(true)
  }
})

test('the hash of a job is a safe integer, and 20,000 jobs have different ones', () => {
  const hashes = new Set<number>()
  for (let i = 0; i < 20_000; i++) {
    const hash = hashOf(job(String(i), 10, { status: i % 2 ? 'OPEN' : 'FUNDED' }))
    expect(Number.isSafeInteger(hash) && hash >= 0).toBe(true)
    hashes.add(hash)
  }
  expect(hashes.size).toBe(20_000)
})

test('keys are grouped by block', () => {
  const keys = [job('1', 10), job('2', 11), job('3', 10)].map(jobKey)
  expect([...byBlock(keys)]).toEqual([
    [10n, [keys[0], keys[2]]],
    [11n, [keys[1]]],
  ])
})
