import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Job } from '../../src/contract/job.ts'
import type { Service } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'

const MAX = 2n ** 256n - 1n

let writer: Writer
let service: Service
beforeAll(async () => {
  const url = await createSharedDatabase()
  writer = await openWriter(url)
  service = await serveDatabase(url)
  // Ids are 1 to 6.
  await writer.add({ clientId: '5' }, { clientId: '6', providerId: '5' })
  await writer.add({ strategyType: 'UNKNOWN_9', verificationLevel: 9 }, { evaluatorId: '5' })
  await writer.add({ clientId: String(MAX), budget: '0.000001' }, { budget: '1000000.000000' })
  await writer.change('1', { status: 'FUNDED', providerId: '8' })
  await writer.change('2', { status: 'FUNDED' })
  await writer.change('1', { status: 'SUBMITTED' })
})
afterAll(async () => {
  await service?.close()
  await writer?.close()
})

const idsOf = async (query: string): Promise<string> =>
  (await service.get(`/api/v1/jobs?${query}`)).data.map(({ jobId }: Job) => jobId).join()

describe('the history', () => {
  it.each([
    ['', '6,5,4,3,2,1'],
    ['order=asc', '1,2,3,4,5,6'],
    ['status=OPEN', '6,5,4,3'],
    ['status=FUNDED', '2'],
    ['status=FUNDED,SUBMITTED', '2,1'],
    ['status=COMPLETED', ''],
    ['participant=5', '4,2,1'],
    ['participant=5&status=OPEN', '4'],
    ['participant=5,8&order=asc', '1,2,4'],
    ['providerId=5', '2'],
    ['evaluatorId=5', '4'],
    [`clientId=${MAX}`, '5'],
    ['clientId=6&participant=5', '2'],
    ['strategyType=UNKNOWN_9', '3'],
    ['verificationLevel=UNKNOWN_9', '3'],
    ['strategyType=PROGRAM,UNKNOWN_9&verificationLevel=UNKNOWN_9,2', '3'],
    ['strategyType=UNKNOWN_8', ''],
    ['maxBudget=0.000001', '5'],
    ['minBudget=0.000002&maxBudget=100', '4,3,2,1'],
    ['minBudget=1000000', '6'],
    ['fromBlock=2&toBlock=2', '4,3'],
    ['fromBlock=3', '6,5'],
    ['status=SUBMITTED&fromBlock=2', ''],
  ])('of ?%s has the jobs "%s", and their number', async (query, expected) => {
    expect(await idsOf(query)).toBe(expected)
    const { pagination } = await service.get(`/api/v1/jobs?${query}`)
    expect(pagination).toEqual({
      page: 1,
      limit: 20,
      total: expected === '' ? 0 : expected.split(',').length,
      next: null,
    })
  })

  it('is complete if pagination.next is followed', async () => {
    const walked: string[] = []
    let query = 'limit=2&status=OPEN'
    for (;;) {
      const { data, pagination } = await service.get(`/api/v1/jobs?${query}`)
      walked.push(...data.map(({ jobId }: Job) => jobId))
      expect(pagination.total).toBe(4)
      if (pagination.next === null) break
      query = `limit=2&status=OPEN&cursor=${pagination.next}`
    }
    expect(walked).toEqual(['6', '5', '4', '3'])
  })

  it.each([
    ['page=102&limit=99', /page takes .*page × limit is at most 10000 \(use cursor .*102 × 99/],
    ['page=10001', /page takes .*cursor/],
    ['page=501', /page takes .*cursor/],
    ['fromBlock=3&toBlock=2', /fromBlock is above toBlock/],
    ['minBudget=2&maxBudget=1.999999', /minBudget is above maxBudget/],
    ['minBudget=10&maxBudget=9', /minBudget is above maxBudget/],
    ['page=2&cursor=1-1', /page and cursor exclude each other/],
    ['cursor=%25', /cursor takes the pagination.next/],
    ['cursor=zzzzzzzzzzzz-0', /cursor takes the pagination.next/],
    ['limit=0', /limit takes a number of jobs per page, 1 to 100/],
    ['limit=101', /limit takes a number of jobs per page, 1 to 100/],
    ['page=0', /page takes a number from 1/],
    ['order=up', /order takes desc \(newest first\) or asc/],
    ['fromBlock=-1', /fromBlock takes a block number/],
    ['types=job_created', /unknown parameter types/],
  ])('?%s is a 400 that says what the parameter takes', async (query, message) => {
    const { success, error } = await service.get(`/api/v1/jobs?${query}`, 400)
    expect([success, error.code]).toEqual([false, 'BAD_REQUEST'])
    expect(error.message).toMatch(message)
  })

  it('can be read by page down to the 10,000th job, whatever the limit', async () => {
    for (const query of ['page=500', 'page=100&limit=100', 'page=10000&limit=1', 'page=101&limit=99'])
      expect((await service.get(`/api/v1/jobs?${query}`)).data).toEqual([])
  })
})

describe('a job', () => {
  it('comes with its lifecycle, oldest first', async () => {
    const { data } = await service.get('/api/v1/jobs/1')
    const { lifecycle, ...job } = data
    expect(job).toMatchObject({ jobId: '1', status: 'SUBMITTED', providerId: '8', title: null })
    const [, funded, submitted] = lifecycle
    expect(lifecycle[0]).toEqual({
      event: 'JobCreated',
      status: 'OPEN',
      timestamp: job.onchainCreatedAt,
      txHash: job.creationTxHash,
      blockNumber: '1',
    })
    expect(funded).toEqual({
      event: 'JobChanged',
      status: 'FUNDED',
      timestamp: '1790000004',
      txHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
      blockNumber: '4',
    })
    expect(submitted).toMatchObject({ status: 'SUBMITTED', blockNumber: '6' })
    expect(lifecycle).toHaveLength(3)
    const listed = (await service.get('/api/v1/jobs?status=SUBMITTED')).data
    expect(listed).toEqual([job])
  })

  it('loses the lifecycle entries that a reorg removed', async () => {
    await writer.change('4', { status: 'FUNDED' })
    await writer.change('4', { status: 'REJECTED' })
    expect((await service.get('/api/v1/jobs/4')).data.lifecycle).toHaveLength(3)
    await writer.remove(2)
    expect((await service.get('/api/v1/jobs/4')).data).toMatchObject({
      status: 'OPEN',
      lifecycle: [{ event: 'JobCreated' }],
    })
    expect(await idsOf('status=REJECTED')).toBe('')
  })

  it.each(['999', String(MAX), '0'])('%s that does not exist is a 404', async (jobId) => {
    expect((await service.get(`/api/v1/jobs/${jobId}`, 404)).error).toEqual({
      code: 'NOT_FOUND',
      message: `there is no job ${jobId}`,
    })
  })

  it.each(['x', String(MAX + 1n), '9'.repeat(78), '1'.repeat(79), '-1', '0x1', '1%00'])(
    'with an invalid id, %s, is a 400',
    async (jobId) => {
      const { error } = await service.get(`/api/v1/jobs/${jobId}`, 400)
      expect(error.code).toBe('BAD_REQUEST')
      expect(error.message).toContain('jobId takes')
    },
  )
})

it('/api/v1/stats counts by status and choice, including values of a newer contract', async () => {
  const { data } = await service.get('/api/v1/stats')
  expect(data).toMatchObject({ totalJobs: 6, totalAmount: '1000400.000001' })
  expect(data.byStatus.map(({ status, jobs }: Record<string, unknown>) => [status, jobs])).toEqual([
    ['OPEN', 4],
    ['FUNDED', 1],
    ['SUBMITTED', 1],
  ])
  expect(data.byChoice).toEqual(
    expect.arrayContaining([{ choice: 'UNKNOWN_9', jobs: 1, amount: '100.000000' }]),
  )
})
