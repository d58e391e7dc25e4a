import { encodeFunctionData, numberToHex } from 'viem'
import { jobRegistryAbi } from '../abi/jobRegistry.ts'
import { devAccount } from '../src/devnet/client.ts'
import { startChain, type TestChain } from '../test/helpers/anvil.ts'

/** Transactions in one batch; each becomes a block. */
const BATCH = 200
const DEADLINE = 2_000_000_000n

export interface FilledChain extends TestChain {
  /** the block of the first job */
  firstBlock: number
  /** the chain's head, the block of the last job */
  lastBlock: number
  /** number of the contract's logs */
  logs: number
}

/**
 * Starts anvil with `blocks` blocks of `perBlock` jobs each, one transaction per block.
 * @param mixed jobs that are completed in the same transaction: five logs each, of five events
 */
export async function startFilledChain(
  blocks: number,
  perBlock: number,
  { mixed = false } = {},
): Promise<FilledChain> {
  const chain = await startChain()
  try {
    const used = 30_000 + (mixed ? 12_000 : 3_050) * perBlock
    // A block has room for one transaction, which fills less than half of it, so that the base fee falls.
    await chain.rpc('evm_setBlockGasLimit', [numberToHex(Math.ceil(used * 2.6))])
    await chain.setAutomine(false)
    const data = encodeFunctionData({
      abi: jobRegistryAbi,
      functionName: mixed ? 'createCompletedJobs' : 'createJobs',
      args: [BigInt(perBlock), 7n, 100_000_000n, DEADLINE],
    })
    const transaction = { from: devAccount, to: chain.address, data, gas: numberToHex(used * 2) }
    for (let done = 0; done < blocks; done += BATCH) {
      const size = Math.min(BATCH, blocks - done)
      // The deployment was nonce 0.
      const batch = Array.from({ length: size }, (_, i) => ({
        ...transaction,
        nonce: numberToHex(1 + done + i),
      }))
      await post(
        chain.url,
        batch.map((each) => ({ method: 'eth_sendTransaction', params: [each] })),
      )
      await chain.mine(size)
    }
    const { number: lastBlock } = await chain.head()
    const firstBlock = chain.deployBlock + 1
    if (lastBlock !== chain.deployBlock + blocks)
      throw new Error(`anvil mined ${lastBlock} blocks, not ${blocks}`)
    return { ...chain, firstBlock, lastBlock, logs: blocks * perBlock * (mixed ? 5 : 1) }
  } catch (error) {
    await chain.stop()
    throw error
  }
}

/** Sends one batch of JSON-RPC requests. @throws Error with the node's message if it refuses one of them */
async function post(url: string, requests: { method: string; params: unknown[] }[]): Promise<void> {
  const body = requests.map((request, id) => ({ jsonrpc: '2.0', id, ...request }))
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  for (const { error } of (await response.json()) as { error?: { message: string } }[])
    if (error) throw new Error(error.message)
}
