import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { erc8183 } from '../../src/contract/erc8183.ts'
import { creation } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { load } from './load.ts'

const folder = new URL('../../src/page/', import.meta.url)
const { columns, setDefinition } = await load('definition')

test("no file of the page contains the name of a contract's field", () => {
  const common = ['jobId', 'status', ...Object.keys(creation)]
  // Words that the page uses for other things.
  const words = ['title', 'description', 'reason', 'client', 'hook']
  const own = [...jobRegistry.fields, ...erc8183.fields]
    .map(({ name }) => name)
    .filter((name) => !common.includes(name) && !words.includes(name))
  const names = new RegExp(`\\b(${own.join('|')})\\b`)
  const naming = readdirSync(folder).filter((file) => names.test(readFileSync(new URL(file, folder), 'utf8')))
  expect(own).toContain('budget')
  expect(naming).toEqual([])
})

test('a narrow list has the columns that tell jobs apart, a wide list has all', () => {
  setDefinition({ ...jobRegistry, choice: 'strategyType', sum: 'budget' })
  const names = (width: number, jobs: object[] = []) =>
    columns(width, jobs).map(({ name }: { name: string }) => name)
  expect(names(20)).toEqual([])
  expect(names(48)).toEqual(['clientId', 'strategyType', 'budget'])
  const all = ['clientId', 'strategyType', 'verificationLevel', 'budget', 'onchainDeadline']
  expect(names(200)).toEqual([...all, 'providerId', 'evaluatorId'])
  // A text has a column if it is set in a job.
  expect(names(200, [{ title: 'a text', description: null }])).toContain('title')
})
