import fc from 'fast-check'
import {
  type AbiEvent,
  type AbiParameter,
  decodeEventLog,
  encodeAbiParameters,
  type Hex,
  keccak256,
  parseAbi,
  type RpcLog,
  toEventSelector,
  toHex,
} from 'viem'
import { describe, expect, test } from 'vitest'
import { agenticCommerceAbi } from '../../abi/agenticCommerce.ts'
import { jobRegistryAbi } from '../../abi/jobRegistry.ts'
import { type Contract, defineContract } from '../../src/contract/define.ts'
import { erc8183 } from '../../src/contract/erc8183.ts'
import { MalformedLogError } from '../../src/contract/errors.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { address as addressKind, uint } from '../../src/contract/kinds.ts'

const MAX = 2n ** 256n - 1n
const address = (byte: string): Hex => `0x${byte.repeat(20)}`
const word = (value: bigint) => value.toString(16).padStart(64, '0')

/** A log of an event, as a node gives it. */
function logOf(event: AbiEvent, args: Record<string, unknown>): RpcLog {
  const inData = event.inputs.filter((input) => !input.indexed)
  // The topic of a dynamic type is a hash. The decoder does not check which one.
  const topics = event.inputs
    .filter((input) => input.indexed)
    .map((input) =>
      /^(u?int\d+|address|bool|bytes\d+)$/.test(input.type)
        ? encodeAbiParameters([input], [args[input.name as string]])
        : keccak256(toHex(input.name as string)),
    )
  return {
    address: address('5f'),
    topics: [toEventSelector(event), ...topics],
    data: encodeAbiParameters(inData, inData.map((input) => args[input.name as string]) as never),
    blockNumber: '0x1e240',
    blockHash: `0x${'b1'.repeat(32)}`,
    transactionHash: `0x${'7a'.repeat(32)}`,
    transactionIndex: '0x0',
    logIndex: '0x5',
    removed: false,
  } as unknown as RpcLog
}

function eventOf(abi: readonly unknown[], name: string): AbiEvent {
  return (abi as AbiEvent[]).find((item) => item.type === 'event' && item.name === name) as AbiEvent
}

const created = eventOf(jobRegistryAbi, 'JobCreated')
const example = {
  jobId: 42n,
  clientId: 7n,
  strategyType: 2,
  verificationLevel: 3,
  budget: 100_500_000n,
  deadline: 1_790_000_000n,
}
const decode = (log: RpcLog) => jobRegistry.decode(log, '1780000000')

describe('a JobCreated log of job-registry', () => {
  test('becomes the public job object, its fields in order', () => {
    const { job, ...rest } = decode(logOf(created, example))
    expect(JSON.stringify(job)).toBe(
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
        providerId: null,
        evaluatorId: null,
      }),
    )
    expect(rest).toMatchObject({ blockNumber: 123_456, logIndex: 5, event: 'JobCreated', jobId: '42' })
  })

  const valid = logOf(created, example)
  const [topic, jobId, clientId] = valid.topics as [Hex, Hex, Hex]
  const withWord = (index: number, value: bigint): Hex => {
    const at = 2 + index * 64
    return `${valid.data.slice(0, at)}${word(value)}${valid.data.slice(at + 64)}` as Hex
  }
  test.each<[string, Partial<RpcLog>]>([
    ['no topics', { topics: [] as unknown as RpcLog['topics'] }],
    ['a missing topic', { topics: [topic, jobId] }],
    ['a topic too many', { topics: [topic, jobId, clientId, clientId] }],
    ['the topic of another event', { topics: [`0x${'00'.repeat(32)}`, jobId, clientId] }],
    ['a topic that is not hexadecimal', { topics: [topic, '0xnope', clientId] }],
    ['no data', { data: '0x' }],
    ['data a word short', { data: valid.data.slice(0, -64) as Hex }],
    ['data a byte short', { data: valid.data.slice(0, -2) as Hex }],
    ['data that is not hexadecimal', { data: `0x${'zz'.repeat(128)}` }],
    ['a strategyType over 255', { data: withWord(0, 256n) }],
    ['a strategyType of 2^256-1', { data: withWord(0, MAX) }],
    ['a verificationLevel over 255', { data: withWord(1, 256n) }],
  ])('is malformed with %s', (_, change) => {
    expect(() => decode({ ...valid, ...change } as RpcLog)).toThrow(MalformedLogError)
  })

  test('may have more data than its parameters need: a newer contract may have added some', () => {
    expect(decode({ ...valid, data: `${valid.data}${word(1n)}` }).job?.jobId).toBe('42')
  })
})

/** Values of an ABI type, with those at its ends. */
function valuesOf({ type, ...input }: AbiParameter): fc.Arbitrary<unknown> {
  const [, element, length] = /^(.+)\[(\d*)\]$/.exec(type) ?? []
  if (element !== undefined) {
    const exactly = length ? { minLength: Number(length), maxLength: Number(length) } : { maxLength: 3 }
    return fc.array(valuesOf({ ...input, type: element }), exactly)
  }
  if ('components' in input)
    return fc.record(
      Object.fromEntries(input.components.map((each) => [each.name as string, valuesOf(each)])),
    )
  const hex = (bytes: fc.Arbitrary<Uint8Array>) =>
    bytes.map((each): Hex => `0x${Buffer.from(each).toString('hex')}`)
  const bits = Number(/^u?int(\d+)$/.exec(type)?.[1])
  if (bits) {
    const [min, max] = type.startsWith('u')
      ? [0n, 2n ** BigInt(bits) - 1n]
      : [-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n]
    const integer = fc.oneof(fc.constantFrom(min, max, 0n, 1n), fc.bigInt({ min, max }))
    return bits > 48 ? integer : integer.map(Number)
  }
  if (type === 'bool') return fc.boolean()
  if (type === 'string') return fc.string({ unit: 'grapheme' })
  if (type === 'bytes') return hex(fc.uint8Array({ maxLength: 70 }))
  const length32 = type === 'address' ? 20 : Number(type.slice(5))
  return fc.oneof(
    hex(fc.uint8Array({ minLength: length32, maxLength: length32 })),
    fc.constant(`0x${'00'.repeat(length32)}`),
  )
}

function argsOf({ inputs }: AbiEvent): fc.Arbitrary<Record<string, unknown>> {
  return fc.record(Object.fromEntries(inputs.map((input) => [input.name as string, valuesOf(input)])))
}

/** Decodes a log with viem. Jobcast itself uses viem only for logs with a parameter of a dynamic type. */
function decodedByViem(event: AbiEvent, { topics, data }: RpcLog): Record<string, unknown> {
  return decodeEventLog({ abi: [event], topics: topics as [Hex], data }).args as never
}

/** Converts a value that viem decoded to its public form. */
function onTheWire(value: unknown, { type }: AbiParameter): unknown {
  if (type === 'address') return /^0x0+$/.test(String(value)) ? null : String(value).toLowerCase()
  if (type === 'bool') return value
  if (typeof value === 'object')
    return JSON.stringify(value, (_, each) => {
      if (typeof each === 'bigint') return String(each)
      return typeof each === 'string' && /^0x[0-9a-fA-F]{40}$/.test(each) ? each.toLowerCase() : each
    })
  return String(value).replaceAll('\0', '\ufffd')
}

describe('decoding agrees with viem', () => {
  const usdc = (value: unknown) =>
    String(value)
      .padStart(7, '0')
      .replace(/(.{6})$/, '.$1')
  const strategies = ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL']
  const party = (value: unknown) => onTheWire(value, { type: 'address' })
  type Conversions = Record<string, (value: unknown) => unknown>
  /** Which parameters a definition keeps, under which names and how. */
  const kept: [
    contract: Contract,
    events: AbiEvent[],
    parameters: Conversions,
    names: Record<string, string>,
  ][] = [
    [
      jobRegistry,
      jobRegistryAbi.filter((item) => item.type === 'event') as AbiEvent[],
      {
        ...{ clientId: String, providerId: String, evaluatorId: String, deadline: String },
        strategyType: (value) => strategies[Number(value)] ?? `UNKNOWN_${value}`,
        verificationLevel: Number,
        ...{ budget: usdc, 'BudgetSet.amount': usdc },
      },
      { deadline: 'onchainDeadline', amount: 'budget' },
    ],
    [
      erc8183,
      [
        ...(agenticCommerceAbi.filter((item) => item.type === 'event') as AbiEvent[]),
        ...parseAbi([
          'event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt)',
          'event ProviderSet(uint256 indexed jobId, address indexed provider)',
          'event BudgetSet(uint256 indexed jobId, uint256 amount)',
        ]),
      ],
      {
        ...{ client: party, provider: party, evaluator: party, hook: party, 'BudgetSet.token': party },
        ...{ expiredAt: String, deliverable: String, reason: String, 'BudgetSet.amount': String },
      },
      { token: 'paymentToken', amount: 'budget' },
    ],
  ]
  const statusOf: Record<string, string> = { JobCreated: 'OPEN' }
  for (const status of ['Funded', 'Submitted', 'Completed', 'Rejected', 'Expired', 'Disputed', 'Arbitrated'])
    statusOf[`Job${status}`] = status.toUpperCase()

  for (const [contract, events, parameters, names] of kept)
    test.each(events.map((event) => [`${event.name}, ${event.inputs.length} parameters`, event] as const))(
      `${contract.name}: %s`,
      (_, event) => {
        if (['PaymentReleased', 'Refunded'].includes(event.name)) {
          const log = logOf(event, fc.sample(argsOf(event), 1)[0] as Record<string, unknown>)
          expect(contract.topics).not.toContain(log.topics[0])
          return
        }
        fc.assert(
          fc.property(argsOf(event), (args) => {
            const log = logOf(event, args)
            const byViem = decodedByViem(event, log)
            const expected: Record<string, unknown> = {}
            if (event.name in statusOf) expected.status = statusOf[event.name]
            for (const [name, value] of Object.entries(byViem)) {
              const wire = parameters[`${event.name}.${name}`] ?? parameters[name]
              if (wire) expected[names[name] ?? name] = wire(value)
            }
            const { job, set, jobId } = contract.decode(log, '1780000000')
            expect(jobId).toBe(String(byViem.jobId))
            expect(contract.topics).toContain(log.topics[0])
            if (event.name === 'JobCreated') expect(job).toMatchObject({ ...expected, jobId })
            else expect({ job, set }).toEqual({ job: null, set: expected })
          }),
          { numRuns: 100 },
        )
      },
    )

  test('for events of any parameters, whatever is indexed, and wherever the id stands', () => {
    const words = ['uint8', 'uint48', 'uint256', 'int64', 'int256', 'address', 'bool', 'bytes4', 'bytes32']
    const type = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...words) },
      { weight: 2, arbitrary: fc.constantFrom('string', 'bytes') },
      fc.constantFrom('uint256[]', 'address[3]', 'string[2]', 'bytes32[2][]', 'bool[2][2]', 'string[][2]'),
    )
    const parameter = fc.oneof(
      { weight: 5, arbitrary: type.map((each): AbiParameter => ({ type: each })) },
      fc.tuple(fc.constantFrom('tuple', 'tuple[2]', 'tuple[]'), type, type).map(
        ([outer, a, b]): AbiParameter => ({
          type: outer,
          components: [
            { name: 'a', type: a },
            { name: 'b', type: b },
          ],
        }),
      ),
    )
    const event = fc
      .record({
        id: fc.constantFrom('uint256', 'uint64', 'bytes32', 'bytes4', 'address'),
        place: fc.nat(6),
        parameters: fc.array(parameter, { minLength: 1, maxLength: 6 }),
        indexed: fc.uniqueArray(fc.nat(6), { maxLength: 3 }),
      })
      .map(({ id, place, parameters, indexed }): AbiEvent => {
        const inputs = parameters.map((each, i) => ({ ...each, name: `p${i}` }))
        inputs.splice(Math.min(place, inputs.length), 0, { name: 'jobId', type: id })
        return {
          type: 'event',
          name: 'JobCreated',
          inputs: inputs.map((input, i) => ({ ...input, indexed: indexed.includes(i) })),
        }
      })
    const any = event.chain((each) => fc.tuple(fc.constant(each), argsOf(each)))
    fc.assert(
      fc.property(any, ([event, args]) => {
        const log = logOf(event, args)
        const byViem = decodedByViem(event, log)
        const { job } = defineContract({ abi: [event] }).decode(log, '1780000000')
        for (const input of event.inputs) {
          const name = input.name as string
          // An id is never null, whatever its value.
          const expected =
            name === 'jobId' ? String(byViem[name]).toLowerCase() : onTheWire(byViem[name], input)
          expect([name, job?.[name]]).toEqual([name, expected])
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('a changing log of job-registry', () => {
  const reason = `0x${'ab'.repeat(32)}`
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['ProviderSet', { jobId: 1n, providerId: 5n }, { providerId: '5' }],
    ['EvaluatorSet', { jobId: 1n, evaluatorId: 6n }, { evaluatorId: '6' }],
    ['BudgetSet', { jobId: 1n, amount: 2_500_000n }, { budget: '2.500000' }],
    ['JobFunded', { jobId: 1n, clientId: 7n, amount: 1n }, { status: 'FUNDED', clientId: '7' }],
    [
      'JobSubmitted',
      { jobId: 1n, providerId: 5n, deliverable: reason },
      { status: 'SUBMITTED', providerId: '5' },
    ],
    ['JobCompleted', { jobId: 1n, evaluatorId: 6n, reason }, { status: 'COMPLETED', evaluatorId: '6' }],
    ['JobRejected', { jobId: 1n, evaluatorId: 6n, reason }, { status: 'REJECTED', evaluatorId: '6' }],
    ['JobExpired', { jobId: 1n }, { status: 'EXPIRED' }],
    ['JobDisputed', { jobId: 1n, by: 9n }, { status: 'DISPUTED' }],
    ['JobArbitrated', { jobId: 1n, ruling: reason }, { status: 'ARBITRATED' }],
  ])('%s sets the fields of its parameters and its status, and nothing else', (name, args, set) => {
    const decoded = decode(logOf(eventOf(jobRegistryAbi, name), args))
    expect(decoded).toMatchObject({ event: name, jobId: '1', job: null })
    expect(decoded.set).toEqual(set)
  })
})

describe('erc8183', () => {
  const forms = parseAbi([
    'event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt)',
    'event JobCreated(uint256 indexed jobId, address indexed client, address indexed provider, address evaluator, uint256 expiredAt, address hook)',
    'event BudgetSet(uint256 indexed jobId, uint256 amount)',
    'event BudgetSet(uint256 indexed jobId, address indexed token, uint256 amount)',
    'event ProviderSet(uint256 indexed jobId, address indexed provider)',
    'event ProviderSet(uint256 indexed jobId, address indexed provider, uint256 agentId)',
  ])
  const args = {
    jobId: 1n,
    client: address('aa'),
    provider: address('00'),
    evaluator: address('cc'),
    expiredAt: 1_790_000_000n,
    hook: address('00'),
  }

  test.each([0, 1])('a job is the same from each form of JobCreated (%i), zero addresses null', (form) => {
    const { job } = erc8183.decode(logOf(forms[form] as AbiEvent, args), '1780000000')
    expect(JSON.stringify(job)).toBe(
      JSON.stringify({
        jobId: '1',
        status: 'OPEN',
        client: address('aa'),
        provider: null,
        evaluator: address('cc'),
        budget: '0',
        paymentToken: null,
        expiredAt: '1790000000',
        hook: null,
        deliverable: null,
        reason: null,
        onchainCreatedAt: '1780000000',
        creationTxHash: `0x${'7a'.repeat(32)}`,
        blockNumber: '123456',
      }),
    )
  })

  test('each form of BudgetSet and ProviderSet sets the fields of its parameters', () => {
    const set = (form: number, more: Record<string, unknown>) =>
      erc8183.decode(logOf(forms[form] as AbiEvent, { jobId: 1n, ...more }), '0').set
    expect(set(2, { amount: MAX })).toEqual({ budget: String(MAX) })
    expect(set(3, { amount: 5n, token: address('dd') })).toEqual({ budget: '5', paymentToken: address('dd') })
    expect(set(4, { provider: address('bb') })).toEqual({ provider: address('bb') })
    expect(set(5, { provider: address('bb'), agentId: 9n })).toEqual({ provider: address('bb') })
  })

  test('an address with dirty upper bytes is malformed', () => {
    const log = logOf(forms[0] as AbiEvent, args)
    expect(() => erc8183.decode({ ...log, data: `0x01${log.data.slice(4)}` as Hex }, '0')).toThrow(
      MalformedLogError,
    )
  })
})

describe('a log of a contract that is not shipped', () => {
  const [posted] = parseAbi([
    'event JobCreated(bytes32 indexed jobId, address indexed sponsor, string title, bytes4 kind, bool urgent, int256 delta, uint8 tier, uint256[] parts, bytes blob)',
  ])
  const contract = defineContract({ abi: [posted] })
  const args = {
    jobId: `0x${'0a'.repeat(32)}`,
    sponsor: '0xAbCdEf0123456789AbCdEf0123456789abcdef01'.toLowerCase(),
    title: 'a job',
    kind: '0xdeadbeef',
    urgent: true,
    delta: -5n,
    tier: 3,
    parts: [1n, 2n],
    blob: '0x0102',
  }

  test('is decoded with each value in the public form of its type', () => {
    expect(contract.decode(logOf(posted, args), '1').job).toMatchObject({
      jobId: args.jobId,
      sponsor: args.sponsor,
      title: 'a job',
      kind: '0xdeadbeef',
      urgent: true,
      delta: '-5',
      tier: '3',
      parts: '["1","2"]',
      blob: '0x0102',
    })
  })

  test('NUL is replaced in a text, and a text is cut at 16,384 characters', () => {
    const title = `\0"}\n\n${'x'.repeat(1_000_000)}`
    const decoded = String(contract.decode(logOf(posted, { ...args, title }), '1').job?.title)
    expect(decoded.startsWith('\ufffd"}\n\nxxx')).toBe(true)
    expect(decoded.length).toBeLessThanOrEqual(16_384)
  })

  test('text that is not UTF-8 is replaced, and a log with invalid offsets is malformed', () => {
    const log = logOf(posted, args)
    const text = Buffer.from('a job').toString('hex')
    const broken = contract.decode({ ...log, data: log.data.replace(text, 'ff'.repeat(5)) as Hex }, '1')
    expect(String(broken.job?.title)).toContain('\ufffd')
    const offset = `0x${'f'.repeat(64)}${log.data.slice(66)}` as Hex
    expect(() => contract.decode({ ...log, data: offset }, '1')).toThrow(MalformedLogError)
    expect(() => contract.decode({ ...log, data: '0x' }, '1')).toThrow(MalformedLogError)
  })

  test.each<[string, number, bigint]>([
    ['a bool of 2', 2, 2n],
    ['a uint8 over 255', 4, 256n],
    ['a uint8 of 2^256-1', 4, MAX],
  ])('%s is malformed also in a log with a text', (_, place, value) => {
    const { data, ...log } = logOf(posted, args)
    const at = 2 + place * 64
    const dirty = `${data.slice(0, at)}${word(value)}${data.slice(at + 64)}` as Hex
    expect(() => contract.decode({ ...log, data: dirty } as RpcLog, '1')).toThrow(MalformedLogError)
  })

  test('a log with a topic that is not a value of its type is malformed', () => {
    const [event] = parseAbi(['event JobCreated(address indexed jobId, int8 indexed delta)'])
    const signed = defineContract({ abi: [event] })
    const log = logOf(event, { jobId: address('aa'), delta: -1 })
    const [topic, jobId, delta] = log.topics as [Hex, Hex, Hex]
    const decodeTopics = (id: Hex, value: Hex) => signed.decode({ ...log, topics: [topic, id, value] }, '1')
    expect(decodeTopics(jobId, delta).job).toMatchObject({ jobId: address('aa'), delta: '-1' })
    expect(decodeTopics(jobId, `0x${word(127n)}`).job?.delta).toBe('127')
    for (const value of [word(128n), word(2n ** 255n), word(MAX - 128n)])
      expect(() => decodeTopics(jobId, `0x${value}`)).toThrow(/not a value of int8/)
    expect(() => decodeTopics(`0x${word(2n ** 160n)}`, delta)).toThrow(/not an address/)
  })

  test('nested lists whose offsets all point to the same place are refused, and not expanded', () => {
    const [event] = parseAbi(['event JobCreated(uint256 indexed jobId, uint256[][][][][] parts)'])
    const list = (length: number, item: (i: number) => number) =>
      [length, ...Array.from({ length }, (_, i) => item(i))].map((n) => word(BigInt(n))).join('')
    // Each item of a level is the whole next level: 100^5 values in 16 KB.
    const level = list(100, () => 100 * 32)
    const data: Hex = `0x${word(32n)}${level.repeat(4)}${list(100, (i) => i)}`
    const log = logOf(event, { jobId: 1n, parts: [] })
    expect(() => defineContract({ abi: [event] }).decode({ ...log, data }, '1')).toThrow(MalformedLogError)
  })

  /** A log with a list of texts, of which all offsets lead to one text. */
  function listOfOneText(items: number, length: number): { event: AbiEvent; log: RpcLog } {
    const [event] = parseAbi(['event JobCreated(uint256 indexed jobId, string[] parts)'])
    const text = `${word(BigInt(length))}${'61'.repeat(length)}`
    const data: Hex = `0x${word(32n)}${word(BigInt(items))}${word(BigInt(items * 32)).repeat(items)}${text}`
    return { event, log: { ...logOf(event, { jobId: 1n, parts: [] }), data } }
  }

  test('a list whose items are all the same long text is cut like any text', () => {
    // 6 MB of JSON from 31 kB of data.
    const { event, log } = listOfOneText(300, 20_000)
    const { job } = defineContract({ abi: [event] }).decode(log, '1')
    expect(job?.parts).toBe(`["${'a'.repeat(16_381)}…`)
  })

  test('a list of texts with more than 32 KiB is malformed', () => {
    const { event, log } = listOfOneText(10, 40_000)
    expect(() => defineContract({ abi: [event] }).decode(log, '1')).toThrow(
      'found 40416 bytes of data; an event with a list of texts, bytes or lists may have at most 32768',
    )
  })

  const LONG = 'a'.repeat(40_000)
  test.each<[string, unknown]>([
    ['string', LONG],
    ['bytes', `0x${'61'.repeat(40_000)}`],
    ['uint256[]', Array(1_500).fill(1n)],
    ['uint256[2][]', Array(700).fill([1n, 2n])],
    ['(string title, uint256 reward)', { title: LONG, reward: 1n }],
    ['(uint256 a, uint256 b)[]', Array(700).fill({ a: 1n, b: 2n })],
  ])('%s of any length is decoded: no part of it can be referred to twice', (type, value) => {
    const [event] = parseAbi([`event JobCreated(uint256 indexed jobId, ${type} value)`] as [string]) as [
      AbiEvent,
    ]
    const { job } = defineContract({ abi: [event] }).decode(logOf(event, { jobId: 1n, value }), '1')
    expect(String(job?.value).length).toBeGreaterThan(2_000)
  })

  test.each([
    ['string[]', Array(10).fill(LONG.slice(0, 4_000))],
    ['bytes[2]', [`0x${'61'.repeat(20_000)}`, `0x${'61'.repeat(20_000)}`]],
    ['uint256[][2]', [Array(700).fill(1n), Array(700).fill(1n)]],
    ['(string text)[]', Array(10).fill({ text: LONG.slice(0, 4_000) })],
    ['(string[] texts)', { texts: Array(10).fill(LONG.slice(0, 4_000)) }],
  ])('%s of more than 32 KiB is malformed', (type, value) => {
    const [event] = parseAbi([`event JobCreated(uint256 indexed jobId, ${type} value)`] as [string]) as [
      AbiEvent,
    ]
    const log = logOf(event, { jobId: 1n, value })
    expect(() => defineContract({ abi: [event] }).decode(log, '1')).toThrow(/bytes of data/)
  })

  test('a form without the parameter that a definition names takes the one that has the name of the field', () => {
    const forms = parseAbi([
      'event JobCreated(uint256 jobId, address who)',
      'event JobCreated(uint256 jobId, address client, uint256 budget)',
    ])
    const both = defineContract({
      abi: forms,
      fields: { client: addressKind() },
      events: { JobCreated: { set: { client: 'who' } } },
    })
    const clientOf = (form: number, args: Record<string, unknown>) =>
      both.decode(logOf(forms[form] as AbiEvent, { jobId: 1n, ...args }), '1').job?.client
    expect(clientOf(0, { who: address('aa') })).toBe(address('aa'))
    expect(clientOf(1, { client: address('bb'), budget: 1n })).toBe(address('bb'))
  })

  test('an indexed text is decoded as its hash, because the log holds nothing else', () => {
    const [event] = parseAbi(['event JobCreated(uint256 indexed jobId, string indexed title)'])
    const { job } = defineContract({ abi: [event] }).decode(logOf(event, { jobId: 1n, title: 'a job' }), '1')
    expect(job?.title).toMatch(/^0x[0-9a-f]{64}$/)
  })

  test('parameters whose names differ by an underscore only are distinct', () => {
    const [event] = parseAbi(['event JobCreated(uint256 indexed jobId, uint256 _client, uint256 client)'])
    const two = defineContract({ abi: [event], fields: { client: uint(), first: uint({ from: '_client' }) } })
    const { job } = two.decode(logOf(event, { jobId: 1n, _client: 2n, client: 3n }), '1')
    expect(job).toMatchObject({ first: '2', client: '3' })
  })

  test('forms of an event that differ only in the indexed parameters are distinct', () => {
    const forms = parseAbi(['event JobCreated(uint256 jobId, address employer, uint256 reward)'])
    const indexed = parseAbi([
      'event JobCreated(uint256 indexed jobId, address indexed employer, uint256 reward)',
    ])
    const both = defineContract({ abi: [...forms, ...indexed] })
    const values = { jobId: 7n, employer: address('ee'), reward: 9n }
    for (const event of [forms[0], indexed[0]])
      expect(both.decode(logOf(event, values), '1').job).toMatchObject({
        jobId: '7',
        employer: address('ee'),
        reward: '9',
      })
  })
})
