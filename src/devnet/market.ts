import { setMaxListeners } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { messageOf } from '../messages.ts'
import { RevertedError } from './client.ts'
import { randomOf } from './random.ts'

/** The last status of a job's way. */
type End = 'COMPLETED' | 'REJECTED' | 'EXPIRED' | 'ARBITRATED'

/** A sequence of steps that takes a job from its creation to its end. */
export interface Way<Step extends string = string> {
  end: End
  /** Share of the jobs that take this way, relative to the other ways; a whole number. */
  weight: number
  /** The steps after the creation, in order. */
  steps: readonly Step[]
  /** Multiplies the time between steps; 1 by default. */
  patience?: number
}

interface MarketJob<Step extends string = string> {
  jobId: string
  /** @throws RevertedError if the contract refuses the step. */
  takeStep(step: Step): Promise<unknown>
}

/** A deployed contract, and the ways of its jobs. */
export interface Market<Step extends string = string> {
  ways: readonly Way<Step>[]
  /** Creates a job for a way. @param lifetime seconds until the job expires; some days by default */
  createJob(way: Way<Step>, lifetime?: number): Promise<MarketJob<Step>>
}

/** A job that is under way. */
export interface Run {
  job: MarketJob
  end: End
  /** The steps to come, with their times in unix milliseconds. */
  todo: { step: string; at: number }[]
}

interface MarketOptions {
  market: Market
  /** Milliseconds between two new jobs. */
  everyMs: number
  /** Stops the market. */
  signal: AbortSignal
  /** Receives one line when the chain fails, and one when it answers again. */
  log?: (line: string) => void
  /** Jobs that are already under way. */
  runs?: Run[]
}

/**
 * The shortest and the longest time between two steps of a job, in multiples of the time between two new
 * jobs. A job takes some four steps, so about twelve jobs are under way at any time.
 */
const STEP_PACES = [1, 5] as const

/**
 * The shortest lifetime of a job that expires. Block times are whole seconds, and the job must be mined
 * before it expires.
 */
const LEAST_LIFETIME_MS = 3_000

/**
 * Creates a job every `everyMs` and takes each through a random way, until the signal aborts. If the chain
 * fails, the failure is logged once and the action is repeated at the same pace. Resolves when the last
 * transaction has ended; never rejects.
 */
export async function runMarket({ market, everyMs, signal, log = () => {}, runs = [] }: MarketOptions) {
  // Each job listens for the abort. Node would report dozens of listeners as a leak.
  setMaxListeners(0, signal)
  const playing = new Set<Promise<void>>()
  const start = (run: Run) => {
    const play = playRun(run).finally(() => playing.delete(play))
    playing.add(play)
  }
  let failing = false

  /** Runs an action. Resolves with whether it succeeded. */
  async function attempt(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action()
      if (failing) log('the chain answers again')
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted)
        log(`a transaction of the market failed, will retry: ${messageOf(error)}`)
      failing = true
      return false
    }
    return true
  }

  async function playRun({ job, todo }: Run): Promise<void> {
    for (const { step, at } of todo) {
      if (!(await pause(at - Date.now(), signal))) return
      while (!(await attempt(() => job.takeStep(step).catch(ignoreReverted))))
        if (!(await pause(everyMs, signal))) return
    }
  }

  for (const run of runs) start(run)
  // Each creation is awaited, so that creations do not accumulate while the chain hangs.
  while (await pause(everyMs, signal))
    await attempt(async () => start(await startRun(market, randomWay(market.ways), { paceMs: everyMs })))
  await Promise.all(playing)
}

/**
 * Creates a job and plans its steps.
 * @param from the time of its creation in unix milliseconds; the present by default
 */
export async function startRun(
  market: Market,
  way: Way,
  { paceMs, from }: { paceMs: number; from?: number },
): Promise<Run> {
  const pace = paceMs * (way.patience ?? 1)
  const steps = way.steps.map((step) => ({ step, wait: pace * randomBetween(...STEP_PACES) }))
  let lifetime: number | undefined
  if (way.end === 'EXPIRED') {
    const total = steps.reduce((sum, { wait }) => sum + wait, 0)
    const lifetimeMs = Math.max(total, LEAST_LIFETIME_MS)
    const claim = steps.at(-1)
    if (claim) claim.wait += lifetimeMs - total
    lifetime = Math.floor(lifetimeMs / 1000)
  }
  const job = await market.createJob(way, lifetime)
  // The clock is read after the creation. With an earlier time, the claim of an expired job could be sent
  // too early.
  let at = from ?? Date.now()
  const todo = steps.map(({ step, wait }) => {
    at += wait
    return { step, at }
  })
  return { job, end: way.end, todo }
}

/** Returns a random way, chosen by the weights. */
export function randomWay(ways: readonly Way[]): Way {
  return randomOf(ways.flatMap((way) => Array<Way>(way.weight).fill(way)))
}

/**
 * A reverted step is not repeated: either it succeeded before and the answer was lost, or it can
 * never succeed.
 */
function ignoreReverted(error: unknown): void {
  if (!(error instanceof RevertedError)) throw error
}

function randomBetween(least: number, most: number): number {
  return least + Math.random() * (most - least)
}

/** Resolves with true after `ms`, or with false as soon as the signal aborts. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(Math.max(0, ms), true, { signal }).catch(() => false)
}
