import {
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  encodeFunctionData,
  type Hex,
  parseEventLogs,
} from 'viem'
import { jobRegistryAbi as abi, jobRegistryBytecode as bytecode } from '../../abi/jobRegistry.ts'
import {
  type DevClient,
  deploy,
  type Mined,
  minedIn,
  sendTransaction,
  succeeded,
  toClient,
} from './client.ts'
import { randomBelow } from './random.ts'

export { type DevClient, devAccount, devClient } from './client.ts'

const DAY_SECONDS = 86_400n

/** Parameters of createJob, with typical values by default. Amounts in 10^-6 USDC, times in unix seconds. */
export interface JobInput {
  clientId?: bigint
  budget?: bigint
  deadline?: bigint
  /** Any uint8, also one that the definition does not know. */
  strategyType?: number
  verificationLevel?: number
  /** The contract's next id by default. An id that is in use is used again. */
  jobId?: bigint
}

export interface BatchInput {
  clientId?: bigint
  /** Budget of the first job of a transaction. Each further job has 10^-6 USDC more. */
  budget?: bigint
  deadline?: bigint
  /** Jobs in one transaction, which is one block. Anvil's gas limit allows about 7,000, or 2,200 mixed ones. */
  perTransaction?: number
}

export interface CreatedJob extends Mined {
  jobId: string
}

type RegistryFunction = ContractFunctionName<typeof abi, 'nonpayable'>

/** A function of the contract that changes a job. */
export type RegistryChange = Exclude<RegistryFunction, `create${string}`>

/** Arguments of a function of the contract. The first argument of a change is the job's id. */
export type RegistryArgs<Name extends RegistryFunction> = Extract<
  ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
  readonly unknown[]
>

/** Deploys the contract of abi/JobRegistry.sol. `blockNumber` is the block that contains it. */
export function deployRegistry(
  target: string | DevClient,
): Promise<{ address: Address; blockNumber: number }> {
  return deploy(target, { abi, bytecode })
}

/** Sends createJob and does not wait: for a chain that mines on request. */
export function sendJob(target: string | DevClient, address: Address, job: JobInput = {}): Promise<Hex> {
  const { jobId, clientId = 1n, budget = 100_000_000n, deadline = defaultDeadline() } = job
  const fields = [clientId, budget, deadline, job.strategyType ?? 0, job.verificationLevel ?? 1] as const
  const data =
    jobId === undefined
      ? encodeRegistryCall('createJob', fields)
      : encodeRegistryCall('createJobWithId', [jobId, ...fields])
  return sendTransaction(toClient(target), { to: address, data })
}

/**
 * Creates a job and waits until its transaction is mined.
 * @throws viem's TransactionReceiptNotFoundError if the node dropped the transaction.
 */
export async function createJob(
  target: string | DevClient,
  address: Address,
  job: JobInput = {},
): Promise<CreatedJob> {
  const client = toClient(target)
  const receipt = await succeeded(client, await sendJob(client, address, job))
  const [created] = parseEventLogs({ abi, eventName: 'JobCreated', logs: receipt.logs })
  if (!created) throw new Error(`transaction ${receipt.transactionHash} created no job`)
  return { jobId: created.args.jobId.toString(), ...minedIn(receipt) }
}

/** Sends a change of a job and does not wait: for a chain that mines on request. */
export function sendChange<Name extends RegistryChange>(
  target: string | DevClient,
  address: Address,
  name: Name,
  args: RegistryArgs<Name>,
): Promise<Hex> {
  return sendTransaction(toClient(target), { to: address, data: encodeRegistryCall(name, args) })
}

/**
 * Changes a job and waits until the transaction is mined. The contract checks nothing: it accepts any change of any id.
 * @example await changeJob(client, address, 'fund', [jobId, clientId, amount])
 */
export async function changeJob<Name extends RegistryChange>(
  target: string | DevClient,
  address: Address,
  name: Name,
  args: RegistryArgs<Name>,
): Promise<Mined> {
  const client = toClient(target)
  return minedIn(await succeeded(client, await sendChange(client, address, name, args)))
}

/**
 * Creates `count` jobs, many per transaction, one transaction after the other. Resolves with the blocks of the first and the
 * last job.
 */
export function createJobs(
  target: string | DevClient,
  address: Address,
  count: number,
  batch: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  return createMany('createJobs', 4_000n, { target, address, count, ...batch })
}

/** Like {@link createJobs}, but each job is completed: it has five logs, from JobCreated to JobCompleted. */
export function createMixedJobs(
  target: string | DevClient,
  address: Address,
  count: number,
  batch: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  return createMany('createMixedJobs', 13_000n, { target, address, count, ...batch })
}

/** @param gasPerJob more than a job uses. It is given because an estimate runs the whole batch several times. */
async function createMany(
  name: 'createJobs' | 'createMixedJobs',
  gasPerJob: bigint,
  {
    target,
    address,
    count,
    clientId = 1n,
    budget = 100_000_000n,
    deadline = defaultDeadline(),
    perTransaction = 2_000,
  }: { target: string | DevClient; address: Address; count: number } & BatchInput,
): Promise<{ fromBlock: number; toBlock: number }> {
  const client = toClient(target)
  let [fromBlock, toBlock] = [0, 0]
  for (let done = 0; done < count; done += perTransaction) {
    const size = Math.min(perTransaction, count - done)
    const data = encodeRegistryCall(name, [BigInt(size), clientId, budget + BigInt(done), deadline])
    const hash = await sendTransaction(client, {
      to: address,
      data,
      gas: 100_000n + gasPerJob * BigInt(size),
    })
    toBlock = Number((await succeeded(client, hash)).blockNumber)
    if (done === 0) fromBlock = toBlock
  }
  return { fromBlock, toBlock }
}

/** A plausible job of the marketplace: one of 12 clients, 50 to 5,000 USDC, due in 1 to 30 days. */
export function randomJob(now = Math.floor(Date.now() / 1000)): Required<Omit<JobInput, 'jobId'>> {
  return {
    clientId: BigInt(1 + randomBelow(12)),
    // Steps of 2.50 USDC look like prices.
    budget: 50_000_000n + BigInt(randomBelow(1_981)) * 2_500_000n,
    deadline: BigInt(now) + BigInt(1 + randomBelow(30)) * DAY_SECONDS,
    strategyType: randomBelow(4),
    verificationLevel: 1 + randomBelow(4),
  }
}

function encodeRegistryCall<Name extends RegistryFunction>(
  functionName: Name,
  args: RegistryArgs<Name>,
): Hex {
  // The type is a plain Abi, because viem cannot resolve the parameters of a name that is a type parameter.
  return encodeFunctionData<Abi>({ abi, functionName, args })
}

function defaultDeadline(): bigint {
  return BigInt(Math.floor(Date.now() / 1000)) + 7n * DAY_SECONDS
}
