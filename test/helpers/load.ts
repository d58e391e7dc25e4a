import type { TestChain } from './anvil.ts'

/**
 * Creates jobs in block after block until it is stopped. Every third batch is of completed jobs, and every tenth turn
 * has a reorg.
 */
export function startLoad(chain: TestChain, { jobs = 10, everyMs = 150 } = {}) {
  let stopping = false
  async function run(): Promise<void> {
    for (let turn = 1; !stopping; turn++) {
      await (turn % 3 === 0 ? chain.createCompletedJobs(jobs) : chain.createJobs(jobs))
      if (turn % 10 === 0) await chain.reorg(1 + (turn % 3))
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  const ended = run()
  // The error is thrown by `stop`.
  ended.catch(() => {})
  return {
    /** Ends after the present turn. Rejects if the load failed. */
    async stop(): Promise<void> {
      stopping = true
      await ended
    },
  }
}
