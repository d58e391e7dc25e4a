import type { Hex, RpcLog } from 'viem'
import type { Random } from '../helpers/random.ts'
import { bloomOf, EMPTY_BLOOM, lookalikes } from './bloom.ts'
import { digits, type LogSpec, type ModelDefinition, topicOf } from './definition.ts'

export const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
const STRANGER: Hex = `0x${'5a'.repeat(20)}`
const FIRST_TIMESTAMP = 1_700_000_000

/** A log of the contract in a block, with the spec it was made from. */
export interface SimLog {
  spec: LogSpec
  logIndex: number
  transactionHash: Hex
  log: RpcLog
}

export interface SimBlock {
  number: number
  hash: Hex
  parent: SimBlock | null
  /** unix seconds */
  timestamp: number
  logsBloom: Hex
  /** logs of the contract, in order */
  logs: SimLog[]
  /** every log of the block, including other contracts' */
  allLogs: RpcLog[]
}

/** A chain of blocks with branches. It is the truth that answers of the simulated RPC may deviate from. */
export interface SimChain {
  genesis: SimBlock
  head: SimBlock
  finalized: SimBlock
  /** earlier heads above the finalized block: a lagging node may still report them */
  past: SimBlock[]
  byHash: Map<Hex, SimBlock>
  /** the block the contract was created in */
  contractBlock: number
  /** @param noise adds logs of other contracts whose bloom is a false positive for this contract */
  mine(logs: LogSpec[], noise?: boolean): void
  /** Replaces the newest `depth` blocks with a new branch. */
  reorg(depth: number, blocks: LogSpec[][], noise?: boolean): void
  /** Returns to an old branch: its head is an earlier head that is not an ancestor of the present one. */
  backTo(random: Random): void
  finalize(number: number): void
}

interface ChainOptions {
  definition: ModelDefinition
  contractBlock: number
  /** distinguishes the hashes of two chains */
  salt?: number
}

export function createChain({ definition, contractBlock, salt = 0 }: ChainOptions): SimChain {
  const { topics } = definition.contract
  const byHash = new Map<Hex, SimBlock>()
  let blocks = 0
  const make = (parent: SimBlock | null, specs: LogSpec[], noise: boolean): SimBlock => {
    const id = ++blocks
    const block: SimBlock = {
      number: parent ? parent.number + 1 : 0,
      hash: word(id * 1000 + salt),
      parent,
      // Branches differ in their times too, so that an hour's tally cannot be right by chance.
      timestamp: parent ? parent.timestamp + 600 + (id % 7) * 300 : FIRST_TIMESTAMP,
      logsBloom: EMPTY_BLOOM,
      logs: [],
      allLogs: [],
    }
    let logIndex = id % 3
    for (const spec of specs) {
      const transactionHash = spec.transactionHash ?? word(id * 1000 + salt + 100_000_000 + logIndex)
      const log = rpcLog(block, { address: CONTRACT, logIndex, transactionHash, ...encode(spec) })
      block.logs.push({ spec, logIndex, transactionHash, log })
      block.allLogs.push(log)
      logIndex += 1 + (id % 2)
    }
    for (const address of noise ? lookalikes(CONTRACT, topics[id % topics.length] as Hex) : [STRANGER]) {
      const transactionHash = word(id)
      block.allLogs.push(
        rpcLog(block, { address, logIndex: logIndex++, transactionHash, topics: [word(7)], data: '0x' }),
      )
    }
    block.logsBloom = bloomOf(block.allLogs)
    byHash.set(block.hash, block)
    return block
  }
  const genesis = make(null, [], false)
  const chain: SimChain = {
    genesis,
    head: genesis,
    finalized: genesis,
    past: [],
    byHash,
    contractBlock,
    mine(specs, noise = false) {
      moveTo(make(chain.head, specs, noise))
    },
    reorg(depth, branch, noise = false) {
      const lowest = Math.max(chain.finalized.number, chain.head.number - depth)
      let tip = ancestor(chain.head, lowest) as SimBlock
      for (const specs of branch) tip = make(tip, specs, noise)
      moveTo(tip)
    },
    backTo(random) {
      const others = chain.past.filter((old) => ancestor(chain.head, old.number) !== old)
      if (others.length > 0) moveTo(random.pick(others))
    },
    finalize(number) {
      if (number <= chain.finalized.number) return
      chain.finalized = ancestor(chain.head, Math.min(number, chain.head.number)) as SimBlock
      chain.past = chain.past.filter((old) => ancestor(old, chain.finalized.number) === chain.finalized)
    },
  }
  function moveTo(head: SimBlock): void {
    if (!chain.past.includes(chain.head)) chain.past.push(chain.head)
    chain.head = head
  }
  return chain
}

/** The block of a number on the branch that ends in `head`. */
export function ancestor(head: SimBlock, number: number): SimBlock | null {
  let block: SimBlock | null = head.number < number ? null : head
  while (block && block.number > number) block = block.parent
  return block
}

/** The branch that ends in `head`, from block `from` on. */
export function branch(head: SimBlock, from: number): SimBlock[] {
  const found: SimBlock[] = []
  for (let block: SimBlock | null = head; block && block.number >= from; block = block.parent)
    found.push(block)
  return found.reverse()
}

export function word(value: number): Hex {
  return `0x${digits(value)}`
}

function encode({ event, jobId, words, damage }: LogSpec): { topics: Hex[]; data: Hex } {
  const topics = [
    topicOf(event),
    ...[digits(jobId), ...words.slice(0, event.indexed)].map((each): Hex => `0x${each}`),
  ]
  const data: Hex = `0x${words.slice(event.indexed).join('')}`
  if (damage === 'a topic less') topics.pop()
  if (damage === 'a topic more') topics.push(word(1))
  return { topics, data: damage === 'a byte less' ? (data.slice(0, -2) as Hex) : data }
}

function rpcLog(
  block: SimBlock,
  {
    logIndex,
    topics,
    ...log
  }: { address: Hex; topics: Hex[]; data: Hex; logIndex: number; transactionHash: Hex },
): RpcLog {
  return {
    ...log,
    topics: topics as RpcLog['topics'],
    blockNumber: `0x${block.number.toString(16)}`,
    blockHash: block.hash,
    logIndex: `0x${logIndex.toString(16)}`,
    transactionIndex: '0x0',
    removed: false,
    blockTimestamp: `0x${block.timestamp.toString(16)}`,
  }
}
