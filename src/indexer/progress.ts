import type { Logger } from 'pino'
import type { Cursor } from '../store/cursor.ts'
import type { Step } from '../store/writes.ts'

const EVERY_MS = 2_000
/** Nearer to the head than this nobody waits for it. */
const WORTH_BLOCKS = 200

/** A line now and then while the index is far behind: how far it is, how fast, and how long it will take. */
export function createProgress(log: Logger): (cursor: Cursor, step: Step) => void {
  let since: { at: number; block: number; jobs: number } | undefined
  let jobs = 0
  return (cursor, step) => {
    jobs += step.jobs.length
    const head = step.head?.number ?? step.to.number
    const left = head - step.to.number
    if (left < WORTH_BLOCKS) {
      if (since) log.info({ blockNumber: step.to.number, jobs }, 'caught up with the chain')
      since = undefined
      jobs = 0
      return
    }
    const now = performance.now()
    since ??= { at: now, block: cursor.blockNumber, jobs: 0 }
    if (now - since.at < EVERY_MS) return
    const seconds = (now - since.at) / 1000
    const blocksPerSecond = (step.to.number - since.block) / seconds
    const percent = (100 * (step.to.number - cursor.startBlock)) / Math.max(1, head - cursor.startBlock)
    const secondsLeft = Math.ceil(left / Math.max(blocksPerSecond, 0.01))
    log.info(
      {
        blockNumber: step.to.number,
        percent: Math.floor(percent * 10) / 10,
        blocksPerSecond: Math.round(blocksPerSecond),
        jobsPerSecond: Math.round((jobs - since.jobs) / seconds),
        secondsLeft,
      },
      `syncing: ${percent.toFixed(1)} %, ${Math.round(blocksPerSecond)} blocks/s, ${inWords(secondsLeft)} left`,
    )
    since = { at: now, block: step.to.number, jobs }
  }
}

function inWords(seconds: number): string {
  if (seconds < 90) return `${seconds} s`
  if (seconds < 5_400) return `${Math.round(seconds / 60)} min`
  return `${(seconds / 3_600).toFixed(1)} h`
}
