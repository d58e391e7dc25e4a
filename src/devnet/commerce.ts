import {
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  encodeFunctionData,
  type Hex,
  parseEventLogs,
  zeroAddress,
} from 'viem'
import { agenticCommerceAbi as abi, agenticCommerceBytecode as bytecode } from '../../abi/agenticCommerce.ts'
import {
  chainTime,
  type DevClient,
  deploy,
  devAccounts,
  type Mined,
  minedIn,
  sendTransaction,
  succeeded,
} from './client.ts'

type CommerceFunction = ContractFunctionName<typeof abi, 'nonpayable'>

/** A function of the contract that changes a job. */
export type CommerceChange = Exclude<CommerceFunction, 'createJob'>

/** Arguments of a function of the contract. The first argument of a change is the job's id. */
export type CommerceArgs<Name extends CommerceFunction> = Extract<
  ContractFunctionArgs<typeof abi, 'nonpayable', Name>,
  readonly unknown[]
>

/** Parameters of createJob, with typical values by default. */
export interface CommerceInput {
  /** The caller, a dev account. */
  client?: Address
  /** None by default; `setProvider` sets one. */
  provider?: Address
  evaluator?: Address
  /** Unix seconds; by default a week after the chain's time. */
  expiredAt?: number
  description?: string
  hook?: Address
}

export interface CreatedCommerceJob extends Mined {
  jobId: bigint
}

/** The statuses of ERC-8183, in the order of the contract's enum. */
export const commerceStatuses = ['OPEN', 'FUNDED', 'SUBMITTED', 'COMPLETED', 'REJECTED', 'EXPIRED'] as const

const WEEK_SECONDS = 7 * 86_400

/** More than any function uses. Without a limit, anvil estimates one and rejects a call that would revert with its own error. */
const GAS = 1_000_000n

/** Deploys the contract of abi/AgenticCommerce.sol. `blockNumber` is the block that contains it. */
export function deployCommerce(
  target: string | DevClient,
): Promise<{ address: Address; blockNumber: number }> {
  return deploy(target, { abi, bytecode })
}

/**
 * Creates an ERC-8183 job and waits until its transaction is mined.
 * @throws RevertedError if the contract refuses it.
 */
export async function createCommerceJob(
  client: DevClient,
  address: Address,
  {
    client: from = devAccounts[0],
    provider = zeroAddress,
    evaluator = devAccounts[9],
    expiredAt,
    description = '',
    hook = zeroAddress,
  }: CommerceInput = {},
): Promise<CreatedCommerceJob> {
  const expiry = BigInt(expiredAt ?? (await chainTime(client)) + WEEK_SECONDS)
  const data = encodeCommerceCall('createJob', [provider, evaluator, expiry, description, hook])
  const receipt = await succeeded(
    client,
    await sendTransaction(client, { to: address, data, from, gas: GAS }),
  )
  const [created] = parseEventLogs({ abi, eventName: 'JobCreated', logs: receipt.logs })
  if (!created) throw new Error(`transaction ${receipt.transactionHash} created no job`)
  return { jobId: created.args.jobId, ...minedIn(receipt) }
}

/**
 * Changes a job as the account `from` and waits until the transaction is mined.
 * @throws RevertedError if the contract refuses it: wrong status, wrong caller, not yet expired.
 */
export async function changeCommerceJob<Name extends CommerceChange>(
  client: DevClient,
  address: Address,
  from: Address,
  name: Name,
  args: CommerceArgs<Name>,
): Promise<Mined> {
  const hash = await sendTransaction(client, {
    to: address,
    data: encodeCommerceCall(name, args),
    from,
    gas: GAS,
  })
  return minedIn(await succeeded(client, hash))
}

/** Reads a job from the contract. All values of an unknown job are zero. */
export function getCommerceJob(client: DevClient, address: Address, jobId: bigint) {
  return client.readContract({ abi, address, functionName: 'getJob', args: [jobId] })
}

function encodeCommerceCall<Name extends CommerceFunction>(
  functionName: Name,
  args: CommerceArgs<Name>,
): Hex {
  // The type is a plain Abi, because viem cannot resolve the parameters of a name that is a type parameter.
  return encodeFunctionData<Abi>({ abi, functionName, args })
}
