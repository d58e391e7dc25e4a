import type { Logger } from 'pino'
import type { Cursor } from '../store/cursor.ts'
import type { Step } from '../store/writes.ts'

const LOG_INTERVAL_MS = 2_000
/** A shorter distance to the head is not worth a line. */
const MIN_BLOCKS = 200

/** Returns a function that logs, every 2 s while the index is far below the head, how far it is, how fast, and the time left. */
export function createProgress(log: Logger): (cursor: Cursor, step: Step) => void {
  let since: { at: number; block: number; jobs: number } | undefined
  let jobs = 0
  return (cursor, step) => {
    jobs += step.jobs.length
    const blockNumber = step.to.number
    const head = step.head?.number ?? blockNumber
    const left = head - blockNumber
    if (left < MIN_BLOCKS) {
      if (since) log.info({ blockNumber, jobs }, 'caught up with the chain')
      since = undefined
      jobs = 0
      return
    }
    const now = performance.now()
    since ??= { at: now, block: cursor.blockNumber, jobs: 0 }
    if (now - since.at < LOG_INTERVAL_MS) return
    const seconds = (now - since.at) / 1_000
    const blocksPerSecond = (blockNumber - since.block) / seconds
    const percent = (100 * (blockNumber - cursor.startBlock)) / Math.max(1, head - cursor.startBlock)
    const secondsLeft = Math.ceil(left / Math.max(blocksPerSecond, 0.01))
    log.info(
      {
        blockNumber,
        percent: Math.floor(percent * 10) / 10,
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
