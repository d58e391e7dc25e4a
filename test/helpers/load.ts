import { setTimeout as sleep } from 'node:timers/promises'
import type { TestChain } from './anvil.ts'

/**
 * Creates jobs in block after block until it is stopped. The jobs of every third block are completed. Every
 * tenth block is followed by a reorg.
 */
export function startLoad(chain: TestChain, { jobs = 10, everyMs = 150 } = {}) {
  let stopping = false
  async function run(): Promise<void> {
    for (let turn = 1; !stopping; turn++) {
      await (turn % 3 === 0 ? chain.createCompletedJobs(jobs) : chain.createJobs(jobs))
      if (turn % 10 === 0) await chain.reorg(1 + (turn % 3))
      await sleep(everyMs)
    }
  }
  const ended = run()
  // `stop` rejects with the error.
  ended.catch(() => {})
  return {
    /** Waits for the present turn. Rejects if the load failed. */
    async stop(): Promise<void> {
      stopping = true
      await ended
    },
  }
}
