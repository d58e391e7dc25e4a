import { type Address, type Hex, parseEventLogs } from 'viem'
import { jobRegistryAbi as abi, jobRegistryBytecode as bytecode } from '../../abi/jobRegistry.ts'
import {
  type CallArgs,
  type CallName,
  type Deployed,
  type DevClient,
  deploy,
  encodeCall,
  type Mined,
  minedIn,
  sendTransaction,
  succeeded,
} from './client.ts'
import { randomBelow } from './random.ts'

const DAY_SECONDS = 86_400n

/** Parameters of createJob, with typical values by default. Amounts in 10^-6 USDC, times in unix seconds. */
export interface JobInput {
  clientId?: bigint
  budget?: bigint
  deadline?: bigint
  /** Any uint8, even one that the definition does not list. */
  strategyType?: number
  verificationLevel?: number
  /** The contract's next id by default. An id that is in use is used again. */
  jobId?: bigint
}

export interface CreatedJob extends Mined {
  jobId: string
}

/** A function of the contract that changes a job. */
export type RegistryChange = Exclude<CallName<typeof abi>, `create${string}`>

/** Arguments of a change. The first one is the job's id. */
export type RegistryArgs<Name extends RegistryChange> = CallArgs<typeof abi, Name>

/** Deploys the contract of abi/JobRegistry.sol. */
export function deployRegistry(client: DevClient): Promise<Deployed> {
  return deploy(client, { abi, bytecode })
}

/** Sends createJob and does not wait: for a chain that mines on request. */
export function sendJob(client: DevClient, address: Address, job: JobInput = {}): Promise<Hex> {
  const { jobId, clientId = 1n, budget = 100_000_000n, deadline = defaultDeadline() } = job
  const fields = [clientId, budget, deadline, job.strategyType ?? 0, job.verificationLevel ?? 1] as const
  const data =
    jobId === undefined
      ? encodeCall(abi, 'createJob', fields)
      : encodeCall(abi, 'createJobWithId', [jobId, ...fields])
  return sendTransaction(client, { to: address, data })
}

/**
 * Creates a job and waits until its transaction is mined.
 * @throws viem's TransactionReceiptNotFoundError if the node dropped the transaction
 */
export async function createJob(
  client: DevClient,
  address: Address,
  job: JobInput = {},
): Promise<CreatedJob> {
  const receipt = await succeeded(client, await sendJob(client, address, job))
  const [created] = parseEventLogs({ abi, eventName: 'JobCreated', logs: receipt.logs })
  if (!created) throw new Error(`transaction ${receipt.transactionHash} created no job`)
  return { jobId: created.args.jobId.toString(), ...minedIn(receipt) }
}

/** Sends a change of a job and does not wait: for a chain that mines on request. */
export function sendChange<Name extends RegistryChange>(
  client: DevClient,
  address: Address,
  name: Name,
  args: RegistryArgs<Name>,
): Promise<Hex> {
  return sendTransaction(client, { to: address, data: encodeCall(abi, name, args) })
}

/**
 * Changes a job and waits until the transaction is mined. The contract checks nothing: it accepts any change
 * of any id.
 * @example await changeJob(client, address, 'fund', [jobId, clientId, amount])
 */
export async function changeJob<Name extends RegistryChange>(
  client: DevClient,
  address: Address,
  name: Name,
  args: RegistryArgs<Name>,
): Promise<Mined> {
  return minedIn(await succeeded(client, await sendChange(client, address, name, args)))
}

/** Returns a plausible job of the marketplace: one of 12 clients, 50 to 5,000 USDC, due in 1 to 30 days. */
export function randomJob(now: number): Required<Omit<JobInput, 'jobId'>> {
  return {
    clientId: BigInt(1 + randomBelow(12)),
    // Steps of 2.50 USDC look like prices.
    budget: 50_000_000n + BigInt(randomBelow(1_981)) * 2_500_000n,
    deadline: BigInt(now) + BigInt(1 + randomBelow(30)) * DAY_SECONDS,
    strategyType: randomBelow(4),
    verificationLevel: 1 + randomBelow(4),
  }
}

/** Returns Unix seconds, a week from now. */
export function defaultDeadline(): bigint {
  return BigInt(Math.floor(Date.now() / 1000)) + 7n * DAY_SECONDS
}
