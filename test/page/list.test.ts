import { beforeEach, describe, expect, test } from 'vitest'
import { load } from './load.ts'

const {
  addJob,
  appendOlder,
  completeSince,
  createList,
  dropGone,
  holdList,
  isFull,
  liveJobs,
  MAX_JOBS,
  olderPage,
  refreshList,
  removeJob,
  resetList,
  updateJob,
  waitingCount,
} = await load('list')

interface Entry {
  job: ReturnType<typeof job>
  mark?: string
  gone?: string
}

/** A job in a block of its own. `version` stands for the fields that may change. */
const job = (number: number, version = 1, blockNumber = number) => ({
  jobId: String(number),
  creationTxHash: `0x${blockNumber}`,
  blockNumber: String(blockNumber),
  onchainCreatedAt: String(1_790_000_000 + blockNumber),
  version,
})
/** Jobs numbered `from` down to `to`. */
const jobs = (from: number, to: number) => Array.from({ length: from - to + 1 }, (_, i) => job(from - i))

let list: ReturnType<typeof createList>
const shown = () => list.entries.map(({ job, gone }: Entry) => (gone ? `-${job.jobId}` : job.jobId)).join(' ')

beforeEach(() => {
  list = createList(() => {})
  resetList(list, jobs(5, 3), 'next')
})

test('a job that a reorg removes and creates again under the same key has one row', () => {
  removeJob(list, job(5))
  expect(shown()).toBe('-5 4 3')
  addJob(list, job(5))
  expect(shown()).toBe('5 4 3')
})

test('while the list is held, a job that is removed and created again keeps its struck-out row', () => {
  removeJob(list, job(5))
  holdList(list, true)
  addJob(list, job(5))
  expect(shown()).toBe('-5 4 3')
  holdList(list, false)
  expect(shown()).toBe('5 4 3')
})

describe('a change', () => {
  test('of a job replaces its entry in its place', () => {
    const [, before] = list.entries
    expect(updateJob(list, job(4, 2), true)).toBe(true)
    expect(shown()).toBe('5 4 3')
    expect(list.entries[1]).not.toBe(before)
    expect(list.entries[1]).toMatchObject({ mark: 'changed', job: { version: 2 } })
  })

  test('after which a job no longer matches strikes it out, and drops it later', () => {
    updateJob(list, job(4, 2), false)
    expect(shown()).toBe('5 -4 3')
    dropGone(list, Date.now() + 1000)
    expect(shown()).toBe('5 -4 3')
    dropGone(list, Date.now() + 60_000)
    expect(shown()).toBe('5 3')
  })

  test('after which a job matches puts it at its position', () => {
    resetList(list, [job(5), job(3)], null)
    expect(updateJob(list, job(4), true)).toBe(false)
    updateJob(list, job(1), true)
    expect(shown()).toBe('5 4 3 1')
  })

  test('of a job older than the list changes nothing: its page will contain it', () => {
    updateJob(list, job(1), true)
    expect(shown()).toBe('5 4 3')
    appendOlder(list, [job(2), job(1, 2)], null)
    expect(shown()).toBe('5 4 3 2 1')
  })

  test('after which the last job matches again shows it, also if its row was dropped', () => {
    updateJob(list, job(3, 2), false)
    dropGone(list, Date.now() + 60_000)
    expect(shown()).toBe('5 4')
    updateJob(list, job(3, 3), true)
    expect(shown()).toBe('5 4 3')
  })

  test.each([5, 4, 3])('back and forth leaves one row, wherever the job is (%i)', (number) => {
    updateJob(list, job(number, 2), false)
    updateJob(list, job(number, 3), true)
    expect(shown()).toBe('5 4 3')
  })
})

describe('a reorg', () => {
  test('strikes a job out; the same id may return in another block', () => {
    removeJob(list, job(5))
    addJob(list, job(5, 1, 6))
    expect(shown()).toBe('5 -5 4 3')
    expect(liveJobs(list)).toHaveLength(3)
  })

  test('creates a job again below the end of the list, without a row: its page will contain it', () => {
    addJob(list, job(2))
    addJob(list, job(6))
    expect(shown()).toBe('6 5 4 3')
    appendOlder(list, [job(2), job(1)], null)
    expect(shown()).toBe('6 5 4 3 2 1')
  })

  test('of every job of the list leaves one that shows the jobs that are created then', () => {
    for (const number of [5, 4, 3]) removeJob(list, job(number))
    dropGone(list, Date.now() + 60_000)
    expect(shown()).toBe('')
    addJob(list, job(3, 1, 4))
    addJob(list, job(4, 1, 5))
    expect(shown()).toBe('4 3')
  })

  test('drops a job that waits', () => {
    holdList(list, true)
    addJob(list, job(6))
    removeJob(list, job(6))
    holdList(list, false)
    expect(shown()).toBe('5 4 3')
  })
})

describe('while the list is held', () => {
  beforeEach(() => holdList(list, true))

  test('new jobs wait in their order, and their changes apply', () => {
    addJob(list, job(6))
    addJob(list, job(7))
    updateJob(list, job(6, 2), true)
    expect(shown()).toBe('5 4 3')
    expect(waitingCount(list)).toBe(2)
    expect(holdList(list, false)).toBe(true)
    expect(shown()).toBe('7 6 5 4 3')
    expect(list.entries[1]).toMatchObject({ mark: 'new', job: { version: 2 } })
  })

  test('jobs that match after a change wait too; all have their position afterwards', () => {
    resetList(list, [job(5), job(3), job(1)], null)
    updateJob(list, job(4), true)
    updateJob(list, job(9), true)
    expect(shown()).toBe('5 3 1')
    expect(waitingCount(list)).toBe(2)
    addJob(list, job(10))
    addJob(list, job(11))
    updateJob(list, job(2), true)
    holdList(list, false)
    expect(shown()).toBe('11 10 9 5 4 3 2 1')
  })

  test('jobs of one block whose ids have no order keep the order of their creation', () => {
    for (const jobId of ['0xa', '0xc', '0xb']) addJob(list, { ...job(6), jobId })
    holdList(list, false)
    addJob(list, { ...job(6), jobId: '0xaa' })
    expect(shown()).toBe('0xaa 0xb 0xc 0xa 5 4 3')
  })

  test('more jobs than may wait require a fresh history, also if the last one began to match by a change', () => {
    for (let number = 6; number < 1006; number++) addJob(list, job(number))
    updateJob(list, job(1006), true)
    expect(shown()).toBe('5 4 3')
    expect(waitingCount(list)).toBe(1001)
    expect(holdList(list, false)).toBe(false)
  })

  test('no row disappears', () => {
    removeJob(list, job(5))
    dropGone(list, Date.now() + 60_000)
    expect(shown()).toBe('-5 4 3')
  })

  test('more new jobs than may wait require a fresh history', () => {
    for (let number = 6; number < 1106; number++) addJob(list, job(number))
    expect(waitingCount(list)).toBe(1100)
    expect(holdList(list, false)).toBe(false)
    refreshList(list, jobs(1105, 1006), 'next', 'removed')
    expect(waitingCount(list)).toBe(0)
    expect(list.entries).toHaveLength(100)
  })
})

describe('a fresh history', () => {
  test('adds, changes and strikes out jobs', () => {
    const [five] = list.entries
    refreshList(list, [job(6), job(5), job(3, 2)], 'next', 'removed')
    expect(shown()).toBe('6 5 -4 3')
    expect(list.entries[1]).toBe(five)
    expect(list.entries.map(({ mark }: Entry) => mark)).toEqual(['new', undefined, undefined, 'changed'])
  })

  test('marks as new only jobs above the end of the list: older ones had not been read', () => {
    refreshList(list, jobs(6, 2), 'next', 'removed')
    expect(shown()).toBe('6 5 4 3 2')
    expect(list.entries.map(({ mark }: Entry) => mark)).toEqual(['new', ...Array(4).fill(undefined)])
  })

  test('drops older jobs without striking them out', () => {
    refreshList(list, [job(6), job(5)], 'next', 'removed')
    expect(shown()).toBe('6 5')
  })

  test('lets new jobs wait while the list is held', () => {
    holdList(list, true)
    refreshList(list, [job(7), job(6), job(5), job(4)], 'next', 'removed')
    expect(shown()).toBe('5 4')
    holdList(list, false)
    expect(shown()).toBe('7 6 5 4')
  })

  test('lets a job wait that belongs between the rows of a held list', () => {
    resetList(list, [job(5), job(3)], 'next')
    holdList(list, true)
    refreshList(list, jobs(6, 2), 'next', 'removed')
    expect(shown()).toBe('5 3 2')
    expect(waitingCount(list)).toBe(2)
    holdList(list, false)
    expect(shown()).toBe('6 5 4 3 2')
  })

  test('in which more jobs wait than may bounds them from then on', () => {
    holdList(list, true)
    refreshList(list, jobs(1100, 3), 'next', 'removed')
    addJob(list, job(1101))
    expect(shown()).toBe('5 4 3')
    expect(waitingCount(list)).toBe(1096)
    expect(list.waiting).toHaveLength(1095)
    expect(holdList(list, false)).toBe(false)
  })

  test('leaves jobs that wait already among those that wait', () => {
    holdList(list, true)
    addJob(list, job(6))
    addJob(list, job(7))
    refreshList(list, jobs(8, 4), 'next', 'removed')
    expect(shown()).toBe('5 4')
    expect(waitingCount(list)).toBe(3)
    holdList(list, false)
    expect(shown()).toBe('8 7 6 5 4')
  })
})

test('the list is bounded, and loads no older page while it is full', () => {
  resetList(list, jobs(MAX_JOBS, 1), null)
  addJob(list, job(MAX_JOBS + 1))
  expect(list.entries).toHaveLength(MAX_JOBS)
  expect(isFull(list)).toBe(true)
  expect(olderPage(list)).toBeNull()
})

test('jobs that wait for a full list count once they are shown, also one that returns to its end', () => {
  // The ids of the last two jobs have no order, so the one that returns is shown above the other.
  const last = ['0xb', '0xa'].map((jobId) => ({ ...job(1), jobId }))
  resetList(list, [...jobs(MAX_JOBS - 1, 2), ...last], null)
  holdList(list, true)
  removeJob(list, last[1])
  addJob(list, job(MAX_JOBS))
  addJob(list, last[1])
  holdList(list, false)
  expect(list.entries.at(-1).job.jobId).toBe('0xa')
  expect(liveJobs(list)).toHaveLength(list.entries.length)
})

test('a job that is on two pages is one entry', () => {
  appendOlder(list, [job(3), job(2)], null)
  expect(shown()).toBe('5 4 3 2')
  expect(completeSince(list)).toBe(0)
})

test('rows that are struck out stay while the list is held and read again', () => {
  removeJob(list, job(4))
  holdList(list, true)
  refreshList(list, [job(5), job(3)], 'next', 'removed')
  expect(shown()).toBe('5 -4 3')
})

test('a job that leaves and returns after older ones were loaded is shown in its place', () => {
  appendOlder(list, jobs(2, 1), 'next')
  updateJob(list, job(2), false)
  dropGone(list, Number.POSITIVE_INFINITY)
  updateJob(list, job(2), true)
  expect(shown()).toBe('5 4 3 2 1')
})

test('a struck-out row stays while its job, created again, waits and the list is read again', () => {
  removeJob(list, job(5))
  holdList(list, true)
  addJob(list, job(5))
  refreshList(list, jobs(5, 3), 'next', 'removed')
  expect(shown()).toBe('-5 4 3')
  expect(waitingCount(list)).toBe(1)
})
