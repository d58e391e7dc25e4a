import { type Address, parseEventLogs, zeroAddress } from 'viem'
import { agenticCommerceAbi as abi, agenticCommerceBytecode as bytecode } from '../../abi/agenticCommerce.ts'
import {
  type CallArgs,
  type CallName,
  type Deployed,
  type DevClient,
  deploy,
  devAccounts,
  encodeCall,
  type Mined,
  minedIn,
  nextBlockTime,
  transact,
} from './client.ts'

/** A function of the contract that changes a job. */
export type CommerceChange = Exclude<CallName<typeof abi>, 'createJob'>

/** Arguments of a change. The first one is the job's id. */
export type CommerceArgs<Name extends CommerceChange> = CallArgs<typeof abi, Name>

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

interface CreatedCommerceJob extends Mined {
  jobId: bigint
}

const WEEK_SECONDS = 7 * 86_400

/**
 * More gas than any function uses. Without a limit, anvil estimates one, and a call that would revert fails
 * at the estimate: no transaction is mined.
 */
const GAS = 1_000_000n

/** Deploys the contract of abi/AgenticCommerce.sol. */
export function deployCommerce(client: DevClient): Promise<Deployed> {
  return deploy(client, { abi, bytecode })
}

/**
 * Creates an ERC-8183 job and waits until its transaction is mined.
 * @throws RevertedError if the contract reverts it
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
  const expiry = BigInt(expiredAt ?? (await nextBlockTime(client)) + WEEK_SECONDS)
  const data = encodeCall(abi, 'createJob', [provider, evaluator, expiry, description, hook])
  const receipt = await transact(client, { to: address, data, from, gas: GAS })
  const [created] = parseEventLogs({ abi, eventName: 'JobCreated', logs: receipt.logs })
  if (!created) throw new Error(`transaction ${receipt.transactionHash} created no job`)
  return { jobId: created.args.jobId, ...minedIn(receipt) }
}

/**
 * Changes a job as the account `from` and waits until the transaction is mined.
 * @throws RevertedError if the contract reverts it: wrong status, wrong caller, not yet expired
 */
export async function changeCommerceJob<Name extends CommerceChange>(
  client: DevClient,
  address: Address,
  from: Address,
  name: Name,
  args: CommerceArgs<Name>,
): Promise<Mined> {
  const data = encodeCall(abi, name, args)
  return minedIn(await transact(client, { to: address, data, from, gas: GAS }))
}
