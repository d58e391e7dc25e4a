import fc from 'fast-check'
import {
  decodeEventLog,
  encodeAbiParameters,
  encodeEventTopics,
  type Hex,
  numberToHex,
  type RpcLog,
} from 'viem'
import { describe, expect, test } from 'vitest'
import { jobRegistryAbi } from '../abi/jobRegistry.ts'
import { decode, formatUsdc, jobCreatedTopic, MalformedLogError, parseUsdc, toJob } from '../src/job.ts'

const MAX = 2n ** 256n - 1n

interface Args {
  jobId: bigint
  clientId: bigint
  strategyType: number
  verificationLevel: number
  budget: bigint
  deadline: bigint
}

const example: Args = {
  jobId: 42n,
  clientId: 7n,
  strategyType: 2,
  verificationLevel: 3,
  budget: 100_500_000n,
  deadline: 1_790_000_000n,
}

function encode(args: Args, place: Partial<RpcLog> = {}): RpcLog {
  return {
    address: '0x5fbdb2315678afecb367f032d93f642f64180aa3',
    topics: encodeEventTopics({ abi: jobRegistryAbi, eventName: 'JobCreated', args }) as [Hex, ...Hex[]],
    data: encodeAbiParameters(
      [{ type: 'uint8' }, { type: 'uint8' }, { type: 'uint256' }, { type: 'uint256' }],
      [args.strategyType, args.verificationLevel, args.budget, args.deadline],
    ),
    blockNumber: '0x1e240',
    blockHash: `0x${'b1'.repeat(32)}`,
    transactionHash: `0x${'7a'.repeat(32)}`,
    transactionIndex: '0x0',
    logIndex: '0x5',
    removed: false,
    ...place,
  } as RpcLog
}

const uint256 = fc.oneof(fc.bigInt({ min: 0n, max: MAX }), fc.constantFrom(0n, 1n, 2n ** 53n + 1n, MAX))
const uint8 = fc.integer({ min: 0, max: 255 })
const anyArgs: fc.Arbitrary<Args> = fc.record({
  jobId: uint256,
  clientId: uint256,
  strategyType: uint8,
  verificationLevel: uint8,
  budget: uint256,
  deadline: uint256,
})

describe('decode', () => {
  test('answers what viem decodes, for any valid log', () => {
    fc.assert(
      fc.property(
        anyArgs,
        fc.nat({ max: Number.MAX_SAFE_INTEGER }),
        fc.nat(),
        (args, blockNumber, logIndex) => {
          const log = encode(args, {
            blockNumber: numberToHex(blockNumber),
            logIndex: numberToHex(logIndex),
          } as Partial<RpcLog>)
          const expected = decodeEventLog({
            abi: jobRegistryAbi,
            eventName: 'JobCreated',
            topics: log.topics,
            data: log.data,
          }).args
          expect(decode(log, '1780000000')).toEqual({
            jobId: expected.jobId.toString(),
            clientId: expected.clientId.toString(),
            strategyType: expected.strategyType,
            verificationLevel: expected.verificationLevel,
            budget: expected.budget.toString(),
            deadline: expected.deadline.toString(),
            blockNumber,
            blockHash: log.blockHash,
            blockTimestamp: '1780000000',
            logIndex,
            transactionHash: log.transactionHash,
          })
        },
      ),
      { numRuns: 500 },
    )
  })

  const valid = encode(example)
  const [topic, jobId, clientId] = valid.topics as [Hex, Hex, Hex]
  const malformed: [string, Partial<RpcLog>][] = [
    ['no topics', { topics: [] as unknown as RpcLog['topics'] }],
    ['a missing topic', { topics: [topic, jobId] }],
    ['a topic too many', { topics: [topic, jobId, clientId, clientId] }],
    ['the topic of another event', { topics: [`0x${'00'.repeat(32)}`, jobId, clientId] }],
    ['a topic that is not hexadecimal', { topics: [topic, '0xnope', clientId] }],
    ['no data', { data: '0x' }],
    ['data a word short', { data: valid.data.slice(0, -64) as Hex }],
    ['data a byte short', { data: valid.data.slice(0, -2) as Hex }],
    ['data that is not hexadecimal', { data: `0x${'zz'.repeat(128)}` }],
    ['a strategyType over 255', { data: withWord(valid.data, 0, 256n) }],
    ['a strategyType of 2^256-1', { data: withWord(valid.data, 0, MAX) }],
    ['a verificationLevel over 255', { data: withWord(valid.data, 1, 256n) }],
  ]
  test.each(malformed)('refuses %s', (_, change) => {
    expect(() => decode({ ...valid, ...change }, '0')).toThrow(MalformedLogError)
  })

  test('takes every log with the right shape that viem takes, and refuses what viem refuses', () => {
    // Words of small numbers, so that both sides of "is it a uint8" come up.
    const words = fc.array(fc.oneof(fc.bigInt({ min: 0n, max: 600n }), uint256), {
      minLength: 0,
      maxLength: 4,
    })
    fc.assert(
      fc.property(words, (values) => {
        const data = `0x${values.map((value) => value.toString(16).padStart(64, '0')).join('')}` as Hex
        const viem = attempt(
          () => decodeEventLog({ abi: jobRegistryAbi, topics: valid.topics, data, strict: true }).args,
        )
        // viem reads a uint8 without looking at its upper bytes.
        const fits = values.length === 4 && values.slice(0, 2).every((value) => value <= 255n)
        expect(attempt(() => decode({ ...valid, data }, '0')) !== undefined).toBe(viem !== undefined && fits)
      }),
      { numRuns: 500 },
    )
  })
})

test('the topic is the hash of the event signature in the ABI', () => {
  expect([jobCreatedTopic]).toEqual(encodeEventTopics({ abi: jobRegistryAbi, eventName: 'JobCreated' }))
})

describe('toJob', () => {
  test('gives the twelve fields in the order of the public contract', () => {
    expect(JSON.stringify(toJob(decode(encode(example), '1780000000')))).toBe(
      JSON.stringify({
        jobId: '42',
        status: 'OPEN',
        clientId: '7',
        strategyType: 'HYBRID',
        verificationLevel: 3,
        budget: '100.500000',
        onchainDeadline: '1790000000',
        onchainCreatedAt: '1780000000',
        creationTxHash: `0x${'7a'.repeat(32)}`,
        blockNumber: '123456',
        title: null,
        description: null,
      }),
    )
  })

  test.each([
    [0, 'PROGRAM'],
    [1, 'RUBRIC'],
    [2, 'HYBRID'],
    [3, 'CEX_CAPITAL'],
    [4, 'UNKNOWN_4'],
    [9, 'UNKNOWN_9'],
    [255, 'UNKNOWN_255'],
  ])('names strategy %i %s', (strategyType, name) => {
    expect(toJob(decode(encode({ ...example, strategyType }), '0')).strategyType).toBe(name)
  })

  test('keeps 2^256-1 exact in every field', () => {
    const job = toJob(
      decode(encode({ ...example, jobId: MAX, clientId: MAX, budget: MAX, deadline: MAX }), '0'),
    )
    expect(job).toMatchObject({
      jobId: `${MAX}`,
      clientId: `${MAX}`,
      onchainDeadline: `${MAX}`,
      budget: '115792089237316195423570985008687907853269984665640564039457584007913129.639935',
    })
  })
})

describe('USDC amounts', () => {
  test.each([
    ['0', '0.000000'],
    ['1', '0.000001'],
    ['999999', '0.999999'],
    ['1000000', '1.000000'],
    ['100500000', '100.500000'],
  ])('%s units are %s', (units, amount) => {
    expect(formatUsdc(units)).toBe(amount)
    expect(parseUsdc(amount)).toBe(units)
  })

  test.each([
    ['100', '100000000'],
    ['100.5', '100500000'],
    ['0.5', '500000'],
    ['007.25', '7250000'],
  ])('%s is read as %s units', (amount, units) => {
    expect(parseUsdc(amount)).toBe(units)
  })

  test('come back the same for any uint256', () => {
    fc.assert(
      fc.property(uint256, (units) => {
        expect(parseUsdc(formatUsdc(units.toString()))).toBe(units.toString())
      }),
    )
  })
})

function withWord(data: Hex, index: number, value: bigint): Hex {
  const at = 2 + index * 64
  return `${data.slice(0, at)}${value.toString(16).padStart(64, '0')}${data.slice(at + 64)}` as Hex
}

function attempt<T>(fn: () => T): T | undefined {
  try {
    return fn()
  } catch {
    return undefined
  }
}
