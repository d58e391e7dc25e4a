import { expect, test } from 'vitest'
import { created, forget, type Known, removed } from '../../src/client/known.ts'
import type { Job } from '../../src/job.ts'

const job = (jobId: string, blockNumber = '10', rest: Partial<Job> = {}): Job => ({
  jobId,
  status: 'OPEN',
  clientId: '7',
  strategyType: 'PROGRAM',
  verificationLevel: 1,
  budget: '100.000000',
  onchainDeadline: '1790000000',
  onchainCreatedAt: '1780000000',
  creationTxHash: `0x${'ab'.repeat(32)}`,
  blockNumber,
  title: null,
  description: null,
  ...rest,
})

test('a job told twice is one change', () => {
  const known: Known = new Map()
  expect(created(known, job('1'))).toEqual([{ type: 'job_created', data: job('1') }])
  expect(created(known, job('1'))).toEqual([])
  expect(created(known, job('1', '10', { status: 'FUNDED', title: 'later' }))).toEqual([])
})

test('another job by the same id ends the first before it begins', () => {
  const known: Known = new Map()
  created(known, job('1'))
  expect(created(known, job('1', '11'))).toEqual([
    { type: 'job_removed', data: job('1') },
    { type: 'job_created', data: job('1', '11') },
  ])
})

test('a removal of what is not known, or no longer, changes nothing', () => {
  const known: Known = new Map()
  expect(removed(known, job('1'))).toEqual([])
  created(known, job('1', '11'))
  expect(removed(known, job('1', '10'))).toEqual([])
  expect(removed(known, job('1', '11'))).toEqual([{ type: 'job_removed', data: job('1', '11') }])
  expect(removed(known, job('1', '11'))).toEqual([])
})

test('what is below the floor is forgotten', () => {
  const known: Known = new Map()
  for (const block of ['8', '9', '10', '11']) created(known, job(block, block))
  forget(known, 10n)
  expect([...known.keys()]).toEqual(['10', '11'])
})
