import {
  type Abi,
  type Address,
  type ContractFunctionArgs,
  type ContractFunctionName,
  createClient,
  encodeFunctionData,
  type Hex,
  http,
  publicActions,
  stringToHex,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  walletActions,
  withRetry,
} from 'viem'

/**
 * Anvil's dev accounts. They are funded and unlocked: the node signs their transactions and sets the nonces.
 */
export const devAccounts = [
  '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  '0x70997970C51812dc3A010C7d01b50e0d17dc79C8',
  '0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC',
  '0x90F79bf6EB2c4f870365E785982E1f101E93b906',
  '0x15d34AAf54267DB7D7c367839AAf71A00a2C6A65',
  '0x9965507D1a55bcC2695C58ba16FB37d819B0A4dc',
  '0x976EA74026E726554dB657fA54763abd0C3a0aa9',
  '0x14dC79964da2C08b23698B3D3cc7Ca32193d9955',
  '0x23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f',
  '0xa0Ee7A142d267C1f36714E4a8F75612F20a79720',
] as const satisfies Address[]

/** The first dev account. It deploys contracts, and sends every transaction that names no other account. */
export const devAccount: Address = devAccounts[0]

export type DevClient = ReturnType<typeof devClient>

/** A transaction that was mined. */
export interface Mined {
  blockNumber: number
  blockHash: Hex
  transactionHash: Hex
}

/** The contract reverted the transaction. It was mined and changed nothing. */
export class RevertedError extends Error {
  override name = 'RevertedError'
}

/**
 * Creates a client that reads, and sends transactions as the first dev account. It uses HTTP even for a ws
 * URL, so there is no connection to close.
 */
export function devClient(url: string) {
  return createClient({
    account: devAccount,
    // No retry: if the answer to eth_sendTransaction was lost, a second request would create a second job.
    transport: http(url.replace(/^ws/i, 'http'), { retryCount: 0 }),
  })
    .extend(publicActions)
    .extend(walletActions)
}

/** A deployed contract. `blockNumber` is the block that contains its creation. */
export interface Deployed {
  address: Address
  blockNumber: number
}

/** Deploys a contract without constructor parameters. */
export async function deploy(client: DevClient, contract: { abi: Abi; bytecode: Hex }): Promise<Deployed> {
  const hash = await client.deployContract({ ...contract, chain: null })
  const receipt = await succeeded(client, hash)
  if (!receipt.contractAddress) throw new Error(`transaction ${hash} deployed no contract`)
  return { address: receipt.contractAddress, blockNumber: Number(receipt.blockNumber) }
}

/** The name of a function that changes a contract. */
export type CallName<Contract extends Abi> = ContractFunctionName<Contract, 'nonpayable'>

/** The arguments of such a function. */
export type CallArgs<Contract extends Abi, Name extends CallName<Contract>> = Extract<
  ContractFunctionArgs<Contract, 'nonpayable', Name>,
  readonly unknown[]
>

/** Encodes a call for the data of a transaction. */
export function encodeCall<const Contract extends Abi, Name extends CallName<Contract>>(
  abi: Contract,
  functionName: Name,
  args: CallArgs<Contract, Name>,
): Hex {
  // Typed as a plain Abi: viem cannot resolve the parameters if the name is a type parameter.
  return encodeFunctionData<Abi>({ abi, functionName, args })
}

/** Returns a text as a bytes32, padded with zeros. */
export function bytes32Of(text: string): Hex {
  return stringToHex(text, { size: 32 })
}

/** A call of a contract, by default from the first dev account. Without `gas` the node estimates it. */
interface Transaction {
  to: Address
  data: Hex
  from?: Address
  gas?: bigint
}

/** The last transaction of each client. */
const lastSent = new WeakMap<DevClient, Promise<unknown>>()

/**
 * Sends a transaction after all earlier ones of the client. Anvil gives two transactions that arrive together
 * the same nonce, and rejects the second.
 */
export function sendTransaction(
  client: DevClient,
  { from = devAccount, ...transaction }: Transaction,
): Promise<Hex> {
  const sent = (lastSent.get(client) ?? Promise.resolve())
    .catch(() => {})
    .then(() => client.sendTransaction({ ...transaction, account: from, chain: null }))
  lastSent.set(client, sent)
  return sent
}

/**
 * Waits until a transaction is mined.
 * @throws RevertedError if the contract reverted it
 * @throws viem's TransactionReceiptNotFoundError if the node dropped it, or did not mine it within a minute
 */
export async function succeeded(client: DevClient, hash: Hex): Promise<TransactionReceipt> {
  // viem's waitForTransactionReceipt asks once a block, but anvil publishes a block a moment before
  // its receipts.
  const receipt = await withRetry(() => client.getTransactionReceipt({ hash }), {
    delay: ({ count }) => Math.min(1 + count, 50),
    retryCount: 1_200,
    shouldRetry: async ({ error }) =>
      error instanceof TransactionReceiptNotFoundError && (await hasTransaction(client, hash)),
  })
  if (receipt.status !== 'success') throw new RevertedError(`transaction ${hash} was reverted`)
  return receipt
}

/** Sends a transaction and waits until it is mined. @throws like {@link succeeded} */
export async function transact(client: DevClient, transaction: Transaction): Promise<TransactionReceipt> {
  return succeeded(client, await sendTransaction(client, transaction))
}

/** Returns where a transaction was mined. */
export function minedIn(receipt: TransactionReceipt): Mined {
  return {
    blockNumber: Number(receipt.blockNumber),
    blockHash: receipt.blockHash,
    transactionHash: receipt.transactionHash,
  }
}

/** Returns the time of the next block in unix seconds. The newest block of a quiet chain may be hours old. */
export async function nextBlockTime(client: DevClient): Promise<number> {
  return Number((await client.getBlock({ blockTag: 'pending' })).timestamp)
}

/** Calls a JSON-RPC method that only anvil has. */
export function anvilCall<T = unknown>(
  client: DevClient,
  method: string,
  params: unknown[] = [],
): Promise<T> {
  return client.request<{ Parameters: unknown[]; ReturnType: T }>({ method, params })
}

/** Returns whether the node has the transaction, mined or pending. */
async function hasTransaction(client: DevClient, hash: Hex): Promise<boolean> {
  return (await client.request({ method: 'eth_getTransactionByHash', params: [hash] })) !== null
}
