import type { Logger } from 'pino'
import type { Cursor } from '../store/cursor.ts'
import type { Step } from '../store/writes.ts'

/** The waits between lines grow, so that a sync of hours writes hundreds of lines and not thousands. */
const FIRST_INTERVAL_MS = 2_000
const LONGEST_INTERVAL_MS = 30_000
const INTERVAL_GROWTH = 1.5
/** Within this distance of the target, a sync counts as caught up. */
const CAUGHT_UP_BLOCKS = 200

/**
 * Returns a function that logs a long sync's progress, speed and time left: after 2 s, then at intervals that
 * grow to 30 s. The target of the sync is the block that is `confirmations` below the head.
 */
export function createProgressLog(
  log: Logger,
  confirmations: number,
): (cursor: Cursor, step: Step, createdJobs: number) => void {
  let since: { at: number; block: number; jobs: number } | undefined
  let jobs = 0
  let intervalMs = FIRST_INTERVAL_MS
  return (cursor, step, createdJobs) => {
    jobs += createdJobs
    const blockNumber = step.to.number
    const target = step.head.number - confirmations
    const left = target - blockNumber
    if (left < CAUGHT_UP_BLOCKS) {
      if (since) log.info({ blockNumber, jobs }, 'caught up with the chain')
      since = undefined
      jobs = 0
      intervalMs = FIRST_INTERVAL_MS
      return
    }
    const now = performance.now()
    since ??= { at: now, block: blockNumber, jobs }
    if (now - since.at < intervalMs) return
    intervalMs = Math.min(intervalMs * INTERVAL_GROWTH, LONGEST_INTERVAL_MS)
    const seconds = (now - since.at) / 1_000
    const blocksPerSecond = (blockNumber - since.block) / seconds
    const done = (blockNumber - cursor.startBlock) / Math.max(1, target - cursor.startBlock)
    // Rounded down, so that 100 % is not shown before the target is reached.
    const percent = Math.floor(1_000 * done) / 10
    const secondsLeft = Math.ceil(left / Math.max(blocksPerSecond, 0.01))
    log.info(
      {
        blockNumber,
        percent,
        blocksPerSecond: Math.round(blocksPerSecond),
        jobsPerSecond: Math.round((jobs - since.jobs) / seconds),
        secondsLeft,
      },
      `syncing: ${percent.toFixed(1)} %, ${Math.round(blocksPerSecond)} blocks/s, ${inWords(secondsLeft)} left`,
    )
    since = { at: now, block: blockNumber, jobs }
  }
}

function inWords(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3_600).toFixed(1)} h`
}
