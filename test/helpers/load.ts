import { setTimeout as sleep } from 'node:timers/promises'
import type { TestChain } from './anvil.ts'

export interface Load {
  /** Waits for the current turn to end. Rejects if a turn failed; no turn begins after a failure. */
  stop(): Promise<void>
}

/** Runs turn after turn (1, 2, 3…) until it is stopped. */
export function repeatTurns(runTurn: (turn: number) => Promise<unknown>): Load {
  let stopping = false
  async function run(): Promise<void> {
    for (let turn = 1; !stopping; turn++) await runTurn(turn)
  }
  const ended = run()
  // `stop` rejects with the error.
  ended.catch(() => {})
  return {
    async stop() {
      stopping = true
      await ended
    },
  }
}

/**
 * Creates jobs in block after block until it is stopped. The jobs of every third block are completed. Every
 * tenth block is followed by a reorg.
 */
export function startLoad(chain: TestChain, { jobs = 10, everyMs = 150 } = {}): Load {
  return repeatTurns(async (turn) => {
    await (turn % 3 === 0 ? chain.createCompletedJobs(jobs) : chain.createJobs(jobs))
    if (turn % 10 === 0) await chain.reorg(1 + (turn % 3))
    await sleep(everyMs)
  })
}
