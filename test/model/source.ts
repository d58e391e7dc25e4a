import type { Hex, RpcLog } from 'viem'
import { RpcError } from '../../src/chain/errors.ts'
import { CannotIndexError, type Header, type Identity, type Source } from '../../src/chain/source.ts'
import type { Random } from '../helpers/random.ts'
import { ancestor, branch, createChain, type SimBlock, type SimChain } from './chain.ts'
import type { Gates } from './gates.ts'
import { jobRegistryModel } from './jobRegistry.ts'

/** Probabilities, from 0 to 1, of each fault of an answer. */
interface Weather {
  /** no answer */
  fail: number
  /** the answer of a node that lags or is still on an old branch */
  lag: number
  /** an answer that lacks logs, or blocks at the end of a range */
  empty: number
  /** logs that are duplicated, unordered, removed or without times */
  odd: number
  /** ranges refused */
  refuse: number
}

export const CALM: Weather = { fail: 0, lag: 0, empty: 0, odd: 0, refuse: 0 }
export const WEATHERS: Weather[] = [
  CALM,
  { ...CALM, lag: 0.4 },
  { ...CALM, fail: 0.1, empty: 0.4 },
  { ...CALM, odd: 0.8, refuse: 0.3 },
  { fail: 0.1, lag: 0.2, empty: 0.2, odd: 0.3, refuse: 0.1 },
]

/** The state of the simulated RPC; shared by all indexers. */
export interface Sky {
  chain: SimChain
  weather: Weather
  /** the RPC_URL leads to another chain */
  foreign: boolean
  finalizedTag: boolean
  /** most blocks of a range that the provider accepts */
  maxRange: number
  /** the provider includes logs that reorgs removed */
  removedLogs: boolean
}

const CHAIN_ID = 8453
const elsewhere = createChain({ definition: jobRegistryModel, contractBlock: 0, salt: 7 })
for (let i = 0; i < 40; i++) elsewhere.mine([])
elsewhere.finalize(38)

/**
 * Makes a Source over the simulated chain. Each call is answered by one of several nodes behind a load
 * balancer, possibly with a fault.
 */
export function createSimSource(sky: Sky, gates: Gates, random: Random): Source {
  const chain = () => (sky.foreign ? elsewhere : sky.chain)
  const node = (): SimBlock => {
    const { head, past } = chain()
    return random.chance(sky.weather.lag) && past.length > 0 ? random.pick(past) : head
  }
  const ask = <T>(what: string, answer: () => T) =>
    gates.pass(what, () => {
      if (random.chance(sky.weather.fail)) throw new Error(`no answer to ${what}`)
      return answer()
    })
  const identity = (): Identity => ({ chainId: CHAIN_ID, genesisHash: chain().genesis.hash })
  const headerAt = (head: SimBlock, number: number) => toHeader(ancestor(head, number))

  function withFaults(logs: RpcLog[]): RpcLog[] {
    const { odd } = sky.weather
    const answer = logs.map((log) => {
      const { blockTimestamp, ...rest } = log as RpcLog & { blockTimestamp?: Hex }
      if (!random.chance(odd)) return log
      return (random.chance(0.5) ? rest : { ...rest, blockTimestamp: '0x0' }) as RpcLog
    })
    if (random.chance(odd) && answer.length > 0) answer.push({ ...random.pick(answer) })
    if (sky.removedLogs || random.chance(odd)) {
      const gone = chain().past.flatMap(logsIn)
      if (gone.length > 0) answer.push({ ...random.pick(gone), removed: true })
    }
    if (random.chance(odd)) answer.reverse()
    return answer
  }

  const header = (number: number) => ask(`header ${number}`, () => headerAt(node(), number))

  return {
    checkChain: (expected) =>
      ask('chain', () => {
        const found = identity()
        if (expected && expected.genesisHash !== found.genesisHash)
          throw new CannotIndexError(`another chain, genesis ${found.genesisHash}`)
        return found
      }),
    head: () => ask('head', () => toHeader(node()) as Header),
    finalized: () => ask('finalized', () => (sky.finalizedTag ? chain().finalized.number : null)),
    header,
    headers: (numbers) => Promise.all(numbers.map(header)),
    range: (from, to) =>
      ask(`range ${from}..${to}`, () => {
        if (to - from >= sky.maxRange || (to > from && random.chance(sky.weather.refuse)))
          throw new RpcError('model', 'refused', 'too many')
        let head = node()
        // If the end of a range is missing, the last known block may be anywhere: a node receives blocks one
        // by one.
        const cut = random.chance(sky.weather.empty)
          ? ancestor(head, from - 1 + random.below(to - from + 2))
          : null
        if (cut) head = cut
        // Logs of final blocks are complete. Those above may come from a node on another branch.
        const above = to > chain().finalized.number
        const logs = branch(above && random.chance(sky.weather.lag) ? node() : head, from)
          .filter((block) => block.number <= to)
          .flatMap(logsIn)
        if (above && random.chance(sky.weather.odd / 4))
          logs.push(...logsIn(random.pick(chain().past.concat(head))))
        const empty = above && random.chance(sky.weather.empty)
        return { first: headerAt(head, from), last: headerAt(head, to), logs: empty ? [] : withFaults(logs) }
      }),
    logs: ({ hash }) =>
      ask('logs', () => {
        const logs = logsOf(hash, logsIn)
        // Simulates a node whose index lacks the logs of one event.
        const topic = random.chance(sky.weather.empty) && logs.length > 0 ? random.pick(logs).topics[0] : null
        return logs.filter((log) => log.topics[0] !== topic)
      }),
    allLogs: ({ hash }) => ask('allLogs', () => logsOf(hash, ({ allLogs }) => allLogs)),
    hasCode: (block) =>
      ask('code', () => (block === 'latest' ? chain().head.number : block) >= chain().contractBlock),
    pauseMs: () => 0,
    watch: () => () => {},
    close: async () => {},
  }

  function logsOf(hash: Hex, which: (block: SimBlock) => RpcLog[]): RpcLog[] {
    const head = node()
    const block = chain().byHash.get(hash)
    // For an unknown block some nodes answer an error, others no logs.
    if (!block || ancestor(head, block.number) !== block) {
      if (random.chance(0.5)) throw new Error('unknown block')
      return []
    }
    return random.chance(sky.weather.empty) ? [] : withFaults(which(block))
  }
}

function logsIn(block: SimBlock): RpcLog[] {
  return block.logs.map(({ log }) => log)
}

function toHeader(block: SimBlock | null): Header | null {
  if (!block) return null
  return {
    number: block.number,
    hash: block.hash,
    parentHash: block.parent?.hash ?? `0x${'0'.repeat(64)}`,
    timestamp: String(block.timestamp),
    logsBloom: block.logsBloom,
  }
}
