import { pino } from 'pino'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createProgressLog } from '../../src/indexer/progress.ts'
import type { Cursor } from '../../src/store/cursor.ts'
import type { Step } from '../../src/store/writes.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const HEAD = 1_000_000

function sync(confirmations = 0) {
  const lines: { at: number; msg: string; percent?: number; secondsLeft?: number }[] = []
  const log = pino(
    {},
    { write: (line) => lines.push({ ...JSON.parse(line), at: performance.now() - began }) },
  )
  const progress = createProgressLog(log, confirmations)
  const began = performance.now()
  let block = 0
  return {
    lines,
    /** A step of 100 blocks each second. */
    run(seconds: number) {
      for (let second = 0; second < seconds; second++) {
        vi.advanceTimersByTime(1_000)
        const cursor = { startBlock: 0, blockNumber: block } as Cursor
        block += 100
        const to = { number: block } as Step['to']
        progress(cursor, { to, jobs: [], head: { number: HEAD, timestamp: '0' } } as unknown as Step, 0)
      }
    },
  }
}

it('a sync logs its progress, speed and remaining time: after 2 s, then at intervals that grow to 30 s', () => {
  const { lines, run } = sync()
  run(60)
  expect(lines[0]).toMatchObject({ msg: 'syncing: 0.0 %, 100 blocks/s, 2.8 h left', secondsLeft: 9_997 })
  run(140)
  const waits = lines.map(({ at }, i) => (at - (lines[i - 1]?.at ?? 1_000)) / 1_000)
  expect(waits).toEqual([2, 3, 5, 7, 11, 16, 23, 30, 30, 30, 30])
  const last = lines.at(-1)
  expect(last?.msg).toContain(`${last?.percent?.toFixed(1)} %`)
})

it('a sync has caught up at the block that CONFIRMATIONS leaves to index', () => {
  const { lines, run } = sync(HEAD - 2_000)
  run(30)
  expect(lines[0]?.msg).toContain('syncing: ')
  expect(lines.at(-1)?.msg).toBe('caught up with the chain')
})
