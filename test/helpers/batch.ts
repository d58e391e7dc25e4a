import type { Address } from 'viem'
import { jobRegistryAbi as abi } from '../../abi/jobRegistry.ts'
import { type DevClient, encodeCall, transact } from '../../src/devnet/client.ts'
import { defaultDeadline } from '../../src/devnet/registry.ts'

export interface BatchInput {
  clientId?: bigint
  /** Budget of the first job of a transaction. Each further job has 10^-6 USDC more. */
  budget?: bigint
  /**
   * Jobs in one transaction, which is one block. Anvil's gas limit allows about 7,000, or 2,200
   * completed ones.
   */
  perTransaction?: number
  /** True if each job is completed at once. Such a job has five logs, from JobCreated to JobCompleted. */
  completed?: boolean
}

/**
 * Creates `count` jobs, many per transaction, one transaction after the other. Resolves with the blocks of
 * the first and the last job.
 */
export async function createJobs(
  client: DevClient,
  address: Address,
  count: number,
  batch: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  const { clientId = 1n, budget = 100_000_000n, perTransaction = 2_000 } = batch
  let [fromBlock, toBlock] = [0, 0]
  for (let done = 0; done < count; done += perTransaction) {
    const size = BigInt(Math.min(perTransaction, count - done))
    const data = encodeCall(abi, batch.completed ? 'createCompletedJobs' : 'createJobs', [
      size,
      clientId,
      budget + BigInt(done),
      defaultDeadline(),
    ])
    // More than the jobs use. An estimate would run the whole batch several times.
    const gas = 100_000n + (batch.completed ? 13_000n : 4_000n) * size
    const receipt = await transact(client, { to: address, data, gas })
    toBlock = Number(receipt.blockNumber)
    if (done === 0) fromBlock = toBlock
  }
  return { fromBlock, toBlock }
}
