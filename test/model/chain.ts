import { type Hex, hexToBytes, keccak256, type RpcLog } from 'viem'
import { jobCreatedTopic } from '../../src/job.ts'
import type { Random } from './random.ts'

export const CONTRACT: Hex = `0x${'c0'.repeat(20)}`
const STRANGER: Hex = `0x${'5a'.repeat(20)}`
const FIRST_TIMESTAMP = 1_700_000_000

/** A row of `jobs` as the chain says it must be, in the order of {@link readState}'s columns. */
export type ExpectedRow = [
  blockNumber: number,
  logIndex: number,
  jobId: string,
  clientId: string,
  strategyType: number,
  verificationLevel: number,
  budget: string,
  deadline: string,
  blockHash: string,
  blockTimestamp: string,
  transactionHash: string,
]

export interface SimBlock {
  number: number
  hash: Hex
  parent: SimBlock | null
  /** unix seconds */
  timestamp: number
  logsBloom: Hex
  /** ours, in order */
  logs: RpcLog[]
  /** every log of the block, other contracts' too */
  allLogs: RpcLog[]
  rows: ExpectedRow[]
  /** log indexes of ours that do not decode */
  malformed: number[]
}

export interface JobSpec {
  jobId: number
  clientId: number
  strategyType: number
  verificationLevel: number
  /** 10^-6 USDC */
  budget: number
  malformed: boolean
}

/** A chain of blocks with branches: what is true, whatever an RPC says of it. */
export interface SimChain {
  genesis: SimBlock
  head: SimBlock
  finalized: SimBlock
  /** heads of the past that hold the finalized block: what a node that lags may still believe in */
  past: SimBlock[]
  byHash: Map<Hex, SimBlock>
  /** the block the contract was created in */
  contractBlock: number
  mine(jobs: JobSpec[], noise?: boolean): void
  /** Replaces the newest `depth` blocks by other ones. */
  reorg(depth: number, blocks: JobSpec[][], noise?: boolean): void
  /** The chain goes back to an old branch: a head of the past that is no ancestor of the present one. */
  backTo(random: Random): void
  finalize(number: number): void
}

export function createChain({ contractBlock, salt = 0 }: { contractBlock: number; salt?: number }): SimChain {
  const byHash = new Map<Hex, SimBlock>()
  let blocks = 0
  const make = (parent: SimBlock | null, jobs: JobSpec[], noise: boolean): SimBlock => {
    const id = ++blocks
    const number = parent ? parent.number + 1 : 0
    // Branches differ in their times too, so that an hour's tally cannot be right by chance.
    const timestamp = parent ? parent.timestamp + 600 + (id % 7) * 300 : FIRST_TIMESTAMP
    const block: SimBlock = {
      number,
      hash: word(id * 1000 + salt),
      parent,
      timestamp,
      logsBloom: EMPTY_BLOOM,
      logs: [],
      allLogs: [],
      rows: [],
      malformed: [],
    }
    let logIndex = id % 3
    for (const job of jobs) {
      const transactionHash = word(id * 1000 + salt + 100_000_000 + logIndex)
      const log = toLog(block, job, logIndex, transactionHash)
      block.logs.push(log)
      if (job.malformed) block.malformed.push(logIndex)
      else block.rows.push(toRow(block, job, logIndex, transactionHash))
      logIndex += 1 + (id % 2)
    }
    block.allLogs = [...block.logs]
    const address = noise ? lookalikes : [STRANGER]
    for (const each of address)
      block.allLogs.push({
        ...toLog(block, ANY_JOB, logIndex++, word(id)),
        address: each,
        topics: [word(7)] as never,
      })
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
    mine(jobs, noise = false) {
      moveTo(make(chain.head, jobs, noise))
    },
    reorg(depth, branch, noise = false) {
      const lowest = Math.max(chain.finalized.number, chain.head.number - depth)
      let tip = ancestor(chain.head, lowest) as SimBlock
      for (const jobs of branch) tip = make(tip, jobs, noise)
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
  return `0x${value.toString(16).padStart(64, '0')}`
}

const ANY_JOB: JobSpec = {
  jobId: 0,
  clientId: 0,
  strategyType: 0,
  verificationLevel: 0,
  budget: 0,
  malformed: false,
}
const DEADLINE = 1_900_000_000

function toLog(block: SimBlock, job: JobSpec, logIndex: number, transactionHash: Hex): RpcLog {
  const words = [job.strategyType, job.verificationLevel, job.budget, DEADLINE].map((n) => word(n).slice(2))
  return {
    address: CONTRACT,
    topics: [jobCreatedTopic, word(job.jobId), word(job.clientId)],
    data: `0x${(job.malformed ? words.slice(1) : words).join('')}`,
    blockNumber: `0x${block.number.toString(16)}`,
    blockHash: block.hash,
    logIndex: `0x${logIndex.toString(16)}`,
    transactionHash,
    transactionIndex: '0x0',
    removed: false,
    blockTimestamp: `0x${block.timestamp.toString(16)}`,
  } as RpcLog
}

function toRow(block: SimBlock, job: JobSpec, logIndex: number, transactionHash: Hex): ExpectedRow {
  return [
    block.number,
    logIndex,
    String(job.jobId),
    String(job.clientId),
    job.strategyType,
    job.verificationLevel,
    String(job.budget),
    String(DEADLINE),
    block.hash,
    String(block.timestamp),
    transactionHash,
  ]
}

const EMPTY_BLOOM: Hex = `0x${'0'.repeat(512)}`

const bitsOf = new Map<string, number[]>()
function bits(value: Hex): number[] {
  const known = bitsOf.get(value)
  if (known) return known
  const hash = hexToBytes(keccak256(hexToBytes(value)))
  const found = [0, 2, 4].map((i) => (((hash[i] as number) << 8) | (hash[i + 1] as number)) % 2048)
  bitsOf.set(value, found)
  return found
}

function bloomOf(logs: RpcLog[]): Hex {
  const bytes = Buffer.alloc(256)
  for (const log of logs)
    for (const value of [log.address, log.topics[0] as Hex])
      for (const bit of bits(value))
        bytes[255 - (bit >> 3)] = (bytes[255 - (bit >> 3)] as number) | (1 << (bit & 7))
  return `0x${bytes.toString('hex')}`
}

/** Addresses whose bits together are those of our contract and event: a bloom that says "maybe" where nothing is. */
const lookalikes: Hex[] = []
const wanted = new Set([...bits(CONTRACT), ...bits(jobCreatedTopic)])
for (let i = 1; wanted.size > 0; i++) {
  const address: Hex = `0x${i.toString(16).padStart(40, '0')}`
  const useful = bits(address).filter((bit) => wanted.has(bit))
  bitsOf.delete(address)
  if (useful.length === 0) continue
  lookalikes.push(address)
  for (const bit of useful) wanted.delete(bit)
}
