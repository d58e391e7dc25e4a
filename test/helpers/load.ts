import type { TestChain } from './anvil.ts'

/** Jobs in block after block, every third one with all of their lives, and a reorg now and then, until it is stopped. */
export function startLoad(chain: TestChain, { jobs = 10, everyMs = 150, reorgs = true } = {}) {
  let stopping = false
  async function run(): Promise<void> {
    for (let turn = 1; !stopping; turn++) {
      await (turn % 3 === 0 ? chain.createMixedJobs(jobs) : chain.createJobs(jobs))
      if (reorgs && turn % 10 === 0) await chain.reorg(1 + (turn % 3))
      await new Promise((resolve) => setTimeout(resolve, everyMs))
    }
  }
  const ended = run()
  // Told to whoever stops it.
  ended.catch(() => {})
  return {
    /** Ends after the block under way; rejects where the load itself failed. */
    async stop(): Promise<void> {
      stopping = true
      await ended
    },
  }
}
