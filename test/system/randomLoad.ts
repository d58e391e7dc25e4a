import { setTimeout as sleep } from 'node:timers/promises'
import { encodeFunctionData, type Hex } from 'viem'
import { jobRegistryAbi as abi } from '../../abi/jobRegistry.ts'
import { devAccount, transact } from '../../src/devnet/client.ts'
import type { ReorgTransaction, TestChain } from '../helpers/anvil.ts'
import { repeatTurns } from '../helpers/load.ts'
import type { Random } from '../helpers/random.ts'

/** Longer than any action takes. */
const STUCK_MS = 2_000
const BYTES: Hex = `0x${'de'.repeat(32)}`

/** A random call that changes a job, whether or not its status allows it. */
function changeOf(jobId: bigint, random: Random): Hex {
  const agent = 1n + BigInt(random.below(4))
  return random.pick([
    () => encodeFunctionData({ abi, functionName: 'setProvider', args: [jobId, agent] }),
    () => encodeFunctionData({ abi, functionName: 'setBudget', args: [jobId, agent * 1_000_000n] }),
    () => encodeFunctionData({ abi, functionName: 'fund', args: [jobId, agent, 5_000_000n] }),
    () => encodeFunctionData({ abi, functionName: 'submit', args: [jobId, agent, BYTES] }),
    () => encodeFunctionData({ abi, functionName: 'complete', args: [jobId, agent, BYTES] }),
    () => encodeFunctionData({ abi, functionName: 'reject', args: [jobId, agent, BYTES] }),
    () => encodeFunctionData({ abi, functionName: 'expire', args: [jobId] }),
  ])()
}

/**
 * Creates and changes jobs, alone and in batches, and makes reorgs whose branches contain other jobs and
 * changes, until it is stopped.
 */
export function startRandomLoad(chain: TestChain, random: Random) {
  let reorgs = 0
  let newest = 1
  // Mostly a recent job, sometimes one that a reorg removed or that never existed.
  const someJob = () => BigInt(Math.max(1, newest + 2 - random.below(12)))
  const transaction = (data: Hex): ReorgTransaction[0] => ({ from: devAccount, to: chain.address, data })

  function call(): Hex {
    if (random.chance(0.6)) return changeOf(someJob(), random)
    const client = 1n + BigInt(random.below(3))
    const args = [client, 5_000_000n, 1_900_000_000n, random.below(4), 1 + random.below(4)] as const
    return encodeFunctionData({ abi, functionName: 'createJob', args })
  }

  async function reorg(): Promise<void> {
    const depth = 1 + random.below(8)
    // The new branch assigns the ids of the removed jobs again, to other jobs.
    const calls = Array.from({ length: random.below(8) }, call)
    await chain.reorg(
      depth,
      calls.map((data) => [transaction(data), random.below(depth)]),
    )
    reorgs++
  }

  const weighted: [weight: number, act: () => Promise<unknown>][] = [
    [
      3,
      async () => {
        newest = Number((await chain.createJob({ clientId: BigInt(1 + random.below(3)) })).jobId)
      },
    ],
    [1, () => chain.createJobs(1 + random.below(60), { perTransaction: 20 })],
    // Each job has five logs in one block.
    [1, () => chain.createCompletedJobs(1 + random.below(20), { perTransaction: 10 })],
    [5, () => transact(chain.client, { to: chain.address, data: changeOf(someJob(), random) })],
    [1, () => chain.mine(1 + random.below(5))],
    [2, reorg],
  ]
  const acts = weighted.flatMap(([weight, act]) => Array<typeof act>(weight).fill(act))

  const load = repeatTurns(async () => {
    await sleep(random.below(40))
    const done = random
      .pick(acts)()
      .then(
        () => true,
        () => true,
      )
    // Each action is awaited, because anvil loses blocks if it mines during a reorg. An action that hangs is
    // ended by dropping its transactions: after a reorg, a transaction may have a wrong nonce or no receipt.
    while (!(await Promise.race([done, sleep(STUCK_MS, false)]))) await chain.rpc('anvil_dropAllTransactions')
  })
  return { ...load, reorgs: () => reorgs }
}
