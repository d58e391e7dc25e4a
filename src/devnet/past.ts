import { anvilCall, type DevClient } from './client.ts'
import { type Market, type Run, randomWay, startRun } from './market.ts'

/**
 * One job about every 88 s of an hour. Between two steps of a job are 0.5 to 2.5 of these intervals, multiplied by
 * the patience of its way. So jobs have reached every end, and some are still under way.
 */
const JOBS = 40

interface PastOptions {
  client: DevClient
  market: Market
  /** Length of the past in seconds. The chain's time must be that far in the past. */
  seconds: number
}

/**
 * Creates jobs at even intervals in the past, takes their steps, and sets the chain's time to the present.
 * Every way is taken at least once. Resolves with the jobs that have steps left.
 */
export async function createPast({ client, market, seconds }: PastOptions): Promise<Run[]> {
  const now = Date.now()
  const interval = (seconds * 1000) / (JOBS + 1)
  const runs: Run[] = []
  for (let i = 0; i < JOBS; i++) {
    const at = now - seconds * 1000 + (i + 1) * interval
    await takeStepsBefore(at)
    await setNextTime(at)
    runs.push(
      await startRun(market, market.ways[i] ?? randomWay(market.ways), { paceMs: interval / 2, from: at }),
    )
  }
  await takeStepsBefore(now)
  await anvilCall(client, 'evm_setTime', [toSeconds(Date.now())])
  return runs.filter(({ todo }) => todo.length > 0)

  /** Takes all steps that are due before a time, in the order of their times. */
  async function takeStepsBefore(time: number): Promise<void> {
    for (;;) {
      const [next] = runs.filter(({ todo: [step] }) => step && step.at < time).sort(byNextStep)
      const step = next?.todo.shift()
      if (!next || !step) return
      await setNextTime(step.at)
      await next.job.takeStep(step.step)
    }
  }

  function setNextTime(at: number): Promise<unknown> {
    return anvilCall(client, 'evm_setNextBlockTimestamp', [toSeconds(at)])
  }
}

function byNextStep(a: Run, b: Run): number {
  return (a.todo[0]?.at ?? 0) - (b.todo[0]?.at ?? 0)
}

function toSeconds(ms: number): number {
  return Math.floor(ms / 1000)
}
