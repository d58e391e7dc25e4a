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
import { type DevClient, deploy, type Mined, minedIn, send, succeeded, toClient } from './client.ts'
import { randomBelow } from './random.ts'

export { type DevClient, devAccount, devClient } from './client.ts'

const DAY = 86_400n

/** Parameters of createJob, with usual values by default. Amounts in 10^-6 USDC, times in unix seconds. */
export interface JobInput {
  clientId?: bigint
  budget?: bigint
  deadline?: bigint
  /** Any uint8: a value the indexer does not know is a case of its own. */
  strategyType?: number
  verificationLevel?: number
  /** The contract's next id by default; an id that is in use is taken again. */
  jobId?: bigint
}

export interface BatchInput {
  clientId?: bigint
  /** Budget of the first job of a transaction; each next one has 10^-6 USDC more. */
  budget?: bigint
  deadline?: bigint
  /** Jobs in one transaction, and so in one block. Under anvil's gas limit fit about 7,000, of mixed ones 2,200. */
  perTransaction?: number
}

export interface CreatedJob extends Mined {
  jobId: string
}

type RegistryFunction = ContractFunctionName<typeof abi, 'nonpayable'>

/** A function of the contract that changes a job. */
export type RegistryChange = Exclude<RegistryFunction, `create${string}`>

/** Arguments of a function of the contract; the first one of a change is the job's id. */
export type RegistryArgs<Name extends RegistryFunction> = Extract<
  ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
  readonly unknown[]
>

/** Deploys the contract of abi/JobRegistry.sol; `blockNumber` is the block it was deployed in. */
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
    jobId === undefined ? encode('createJob', fields) : encode('createJobWithId', [jobId, ...fields])
  return send(toClient(target), { to: address, data })
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
  return send(toClient(target), { to: address, data: encode(name, args) })
}

/**
 * Changes a job and waits until the transaction is mined. The contract checks nothing: any change of any id is taken.
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
 * Creates `count` jobs, many in a transaction, one transaction after the other; resolves with the blocks of the
 * first and the last.
 */
export function createJobs(
  target: string | DevClient,
  address: Address,
  count: number,
  batch: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  return createMany('createJobs', 4_000n, { target, address, count, ...batch })
}

/** As {@link createJobs}, but each job is completed, and has five logs: from JobCreated to JobCompleted. */
export function createMixedJobs(
  target: string | DevClient,
  address: Address,
  count: number,
  batch: BatchInput = {},
): Promise<{ fromBlock: number; toBlock: number }> {
  return createMany('createMixedJobs', 13_000n, { target, address, count, ...batch })
}

/** @param gasPerJob more than a job takes; named, because estimating it runs the whole batch several times over */
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
    const data = encode(name, [BigInt(size), clientId, budget + BigInt(done), deadline])
    const hash = await send(client, { to: address, data, gas: 100_000n + gasPerJob * BigInt(size) })
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
    deadline: BigInt(now) + BigInt(1 + randomBelow(30)) * DAY,
    strategyType: randomBelow(4),
    verificationLevel: 1 + randomBelow(4),
  }
}

function encode<Name extends RegistryFunction>(functionName: Name, args: RegistryArgs<Name>): Hex {
  // As a plain Abi: viem cannot resolve the parameters of a name that is still a type parameter.
  return encodeFunctionData<Abi>({ abi, functionName, args })
}

function defaultDeadline(): bigint {
  return BigInt(Math.floor(Date.now() / 1000)) + 7n * DAY
}
