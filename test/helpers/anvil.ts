import { type Address, type Hex, TransactionReceiptNotFoundError, withRetry } from 'viem'
import { type Anvil, type AnvilOptions, startAnvil } from '../../src/devnet/anvil.ts'
import { anvilCall, type DevClient, devClient, type Mined } from '../../src/devnet/client.ts'
import {
  type CreatedJob,
  changeJob,
  createJob,
  deployRegistry,
  type JobInput,
  type RegistryArgs,
  type RegistryChange,
  sendChange,
  sendJob,
} from '../../src/devnet/registry.ts'
import { type BatchInput, createJobs } from './batch.ts'

/** A transaction for a new block of a reorg, and the index of that block: 0 for the first new one. */
export type ReorgTransaction = [
  transaction: { from: Address; to: Address; data: Hex; gas?: Hex },
  block: number,
]

/** A chain with the test contract, and shorthands for the calls that tests make. */
export interface TestChain extends Anvil {
  client: DevClient
  address: Address
  deployBlock: number
  createJob(job?: JobInput): Promise<CreatedJob>
  createJobs(count: number, batch?: BatchInput): Promise<{ fromBlock: number; toBlock: number }>
  /** Creates completed jobs, which have five logs each. */
  createCompletedJobs(count: number, batch?: BatchInput): Promise<{ fromBlock: number; toBlock: number }>
  /** Changes a job by a function of the contract: `changeJob('fund', [jobId, clientId, amount])`. */
  changeJob<Name extends RegistryChange>(name: Name, args: RegistryArgs<Name>): Promise<Mined>
  /** Sends createJob without waiting for a block. */
  sendJob(job?: JobInput): Promise<Hex>
  /** Sends a change without waiting for a block. */
  sendChange<Name extends RegistryChange>(name: Name, args: RegistryArgs<Name>): Promise<Hex>
  mine(blocks?: number): Promise<void>
  head(): Promise<{ number: number; hash: Hex }>
  /** Replaces the newest `depth` blocks with as many new ones, which hold only the given transactions. */
  reorg(depth: number, transactions?: ReorgTransaction[]): Promise<void>
  /** Removes the newest `depth` blocks. The head goes down without a notification. */
  rollback(depth: number): Promise<void>
  snapshot(): Promise<Hex>
  /** Reverts to a snapshot. A snapshot can be used once. */
  revert(snapshot: Hex): Promise<void>
  setAutomine(on: boolean): Promise<void>
  rpc<T = unknown>(method: string, params?: unknown[]): Promise<T>
}

/** Starts anvil and deploys the contract. */
export async function startChain(options: AnvilOptions = {}): Promise<TestChain> {
  const anvil = await startAnvil(options)
  try {
    const client = devClient(anvil.url)
    const { address, blockNumber } = await deployRegistry(client)
    return { ...anvil, ...actions(client, address), client, address, deployBlock: blockNumber }
  } catch (error) {
    await anvil.stop()
    throw error
  }
}

function actions(client: DevClient, address: Address) {
  const rpc = <T = unknown>(method: string, params: unknown[] = []) => anvilCall<T>(client, method, params)
  return {
    rpc,
    createJob: (job?: JobInput) => unlessDropped(() => createJob(client, address, job)),
    createJobs: (count: number, batch?: BatchInput) => createJobs(client, address, count, batch),
    createCompletedJobs: (count: number, batch?: BatchInput) =>
      createJobs(client, address, count, { ...batch, completed: true }),
    changeJob: <Name extends RegistryChange>(name: Name, args: RegistryArgs<Name>) =>
      unlessDropped(() => changeJob(client, address, name, args)),
    sendJob: (job?: JobInput) => sendJob(client, address, job),
    sendChange: <Name extends RegistryChange>(name: Name, args: RegistryArgs<Name>) =>
      sendChange(client, address, name, args),
    async mine(blocks = 1) {
      await rpc('anvil_mine', [`0x${blocks.toString(16)}`])
    },
    async head() {
      const { number, hash } = await client.getBlock()
      return { number: Number(number), hash }
    },
    async reorg(depth: number, transactions: ReorgTransaction[] = []) {
      await rpc('anvil_reorg', [depth, transactions])
    },
    async rollback(depth: number) {
      await rpc('anvil_rollback', [depth])
    },
    snapshot: () => rpc<Hex>('evm_snapshot'),
    async revert(snapshot: Hex) {
      if (!(await rpc<boolean>('evm_revert', [snapshot]))) throw new Error(`no snapshot ${snapshot}`)
    },
    async setAutomine(on: boolean) {
      await rpc('evm_setAutomine', [on])
    },
  }
}

/**
 * Repeats a transaction that anvil dropped. Anvil drops one in a thousand of those sent right after a reorg.
 */
function unlessDropped<T>(transaction: () => Promise<T>): Promise<T> {
  return withRetry(transaction, {
    shouldRetry: ({ error }) => error instanceof TransactionReceiptNotFoundError,
  })
}
