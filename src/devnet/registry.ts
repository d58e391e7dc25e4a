import {
  type Address,
  type Client,
  createWalletClient,
  type Hex,
  type HttpTransport,
  http,
  type JsonRpcAccount,
  type PublicActions,
  parseEventLogs,
  publicActions,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type WalletActions,
  withRetry,
} from 'viem'
import { jobRegistryAbi, jobRegistryBytecode } from '../../abi/jobRegistry.ts'

/** anvil's first dev account: funded and unlocked, so the node signs and numbers its transactions. */
export const devAccount: Address = '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266'

const DAY = 86_400n

/** What createJob takes; what is left out gets an ordinary value. Amounts in 10^-6 USDC, times in unix seconds. */
export interface JobInput {
  clientId?: bigint
  budget?: bigint
  deadline?: bigint
  /** Any uint8: a value the indexer does not know is a case of its own. */
  strategyType?: number
  verificationLevel?: number
}

export interface BatchInput {
  clientId?: bigint
  /** Budget of the first job; each next one has 10^-6 USDC more. */
  budget?: bigint
  deadline?: bigint
  /** Jobs in one transaction, and so in one block; 2,000 by default, about 7,000 fit under anvil's gas limit. */
  perTransaction?: number
}

export interface CreatedJob {
  jobId: string
  blockNumber: number
  blockHash: Hex
  transactionHash: Hex
}

export type DevClient = Client<
  HttpTransport,
  undefined,
  JsonRpcAccount,
  undefined,
  WalletActions<undefined, JsonRpcAccount> & PublicActions<HttpTransport, undefined, JsonRpcAccount>
>

/** A client of the dev account that writes and reads. It speaks HTTP, which leaves nothing to close, for a ws URL too. */
export function devClient(url: string): DevClient {
  return createWalletClient({
    account: devAccount,
    // A second eth_sendTransaction, after an answer that was lost, would be a second job.
    transport: http(url.replace(/^ws/, 'http'), { retryCount: 0 }),
    cacheTime: 0,
  }).extend(publicActions)
}

/** Deploys the contract of abi/JobRegistry.sol; `blockNumber` is the block it was deployed in. */
export async function deployRegistry(
  target: string | DevClient,
): Promise<{ address: Address; blockNumber: number }> {
  const client = toClient(target)
  const hash = await client.deployContract({
    abi: jobRegistryAbi,
    bytecode: jobRegistryBytecode,
    chain: null,
  })
  const receipt = await succeeded(client, hash)
  if (!receipt.contractAddress) throw new Error(`transaction ${hash} deployed no contract`)
  return { address: receipt.contractAddress, blockNumber: Number(receipt.blockNumber) }
}

/** Sends createJob and does not wait: for a chain that mines when it is told to. */
export async function sendJob(
  target: string | DevClient,
  address: Address,
  { clientId, budget, deadline, strategyType, verificationLevel }: JobInput = {},
): Promise<Hex> {
  return toClient(target).writeContract({
    abi: jobRegistryAbi,
    address,
    functionName: 'createJob',
    args: [
      clientId ?? 1n,
      budget ?? 100_000_000n,
      deadline ?? defaultDeadline(),
      strategyType ?? 0,
      verificationLevel ?? 1,
    ],
    chain: null,
  })
}

/**
 * Creates a job and waits until its transaction is mined.
 * @throws viem's TransactionReceiptNotFoundError where the node dropped the transaction.
 */
export async function createJob(
  target: string | DevClient,
  address: Address,
  job: JobInput = {},
): Promise<CreatedJob> {
  const client = toClient(target)
  const receipt = await succeeded(client, await sendJob(client, address, job))
  const [created] = parseEventLogs({ abi: jobRegistryAbi, eventName: 'JobCreated', logs: receipt.logs })
  if (!created) throw new Error(`transaction ${receipt.transactionHash} created no job`)
  return {
    jobId: created.args.jobId.toString(),
    blockNumber: Number(receipt.blockNumber),
    blockHash: receipt.blockHash,
    transactionHash: receipt.transactionHash,
  }
}

/**
 * Creates `count` jobs, many in a transaction, one transaction after the other; resolves with the blocks of the
 * first and the last.
 */
export async function createJobs(
  target: string | DevClient,
  address: Address,
  count: number,
  {
    clientId = 1n,
    budget = 100_000_000n,
    deadline = defaultDeadline(),
    perTransaction = 2_000,
  }: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  const client = toClient(target)
  let [fromBlock, toBlock] = [0, 0]
  for (let done = 0; done < count; done += perTransaction) {
    const size = Math.min(perTransaction, count - done)
    const hash = await client.writeContract({
      abi: jobRegistryAbi,
      address,
      functionName: 'createJobs',
      args: [BigInt(size), clientId, budget + BigInt(done), deadline],
      // Named, because estimating it runs the whole batch several times over.
      gas: 100_000n + 4_000n * BigInt(size),
      chain: null,
    })
    toBlock = Number((await succeeded(client, hash)).blockNumber)
    if (done === 0) fromBlock = toBlock
  }
  return { fromBlock, toBlock }
}

/** A job as a marketplace sees them: 12 returning clients, 50 to 5,000 USDC, due in 1 to 30 days. */
export function randomJob(now = Math.floor(Date.now() / 1000)): Required<JobInput> {
  return {
    clientId: BigInt(1 + randomBelow(12)),
    // Steps of 2.50 USDC look like prices.
    budget: 50_000_000n + BigInt(randomBelow(1_981)) * 2_500_000n,
    deadline: BigInt(now) + BigInt(1 + randomBelow(30)) * DAY,
    strategyType: randomBelow(4),
    verificationLevel: 1 + randomBelow(4),
  }
}

/**
 * Creates a random job every `everyMs` until the signal aborts. A chain that does not answer is reported once and
 * tried again at the same pace; the returned promise never rejects.
 */
export async function generateJobs({
  url,
  address,
  everyMs,
  signal,
  log = () => {},
}: {
  url: string
  address: Address
  everyMs: number
  signal: AbortSignal
  log?: (line: string) => void
}): Promise<void> {
  const client = devClient(url)
  let failing = false
  while (await pause(everyMs, signal)) {
    try {
      await sendJob(client, address, randomJob())
      if (failing) log('the chain answers again')
      failing = false
    } catch (error) {
      if (!failing && !signal.aborted) log(`no job created, trying again: ${firstLine(error)}`)
      failing = true
    }
  }
}

function toClient(target: string | DevClient): DevClient {
  return typeof target === 'string' ? devClient(target) : target
}

async function succeeded(client: DevClient, hash: Hex): Promise<TransactionReceipt> {
  // Not viem's waitForTransactionReceipt: it asks once a block, and anvil shows a block a moment before its receipts.
  const receipt = await withRetry(() => client.getTransactionReceipt({ hash }), {
    delay: ({ count }) => Math.min(1 + count, 50),
    retryCount: 1_200,
    shouldRetry: async ({ error }) =>
      error instanceof TransactionReceiptNotFoundError && (await isKnown(client, hash)),
  })
  if (receipt.status !== 'success') throw new Error(`transaction ${hash} was reverted`)
  return receipt
}

/** Whether the node has the transaction, mined or waiting. */
async function isKnown(client: DevClient, hash: Hex): Promise<boolean> {
  return (await client.request({ method: 'eth_getTransactionByHash', params: [hash] })) !== null
}

function defaultDeadline(): bigint {
  return BigInt(Math.floor(Date.now() / 1000)) + 7n * DAY
}

function randomBelow(limit: number): number {
  return Math.floor(Math.random() * limit)
}

function firstLine(error: unknown): string {
  return String(error instanceof Error ? error.message : error).split('\n', 1)[0] as string
}

/** Resolves with false as soon as the signal aborts, with true after `ms`. */
function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve(false)
    const onAbort = () => {
      clearTimeout(timer)
      resolve(false)
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve(true)
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
  })
}
