import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAbi } from 'viem'
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest'
import { type Definition, defineContract } from '../../src/contract/define.ts'
import { erc8183 } from '../../src/contract/erc8183.ts'
import { DefinitionError } from '../../src/contract/errors.ts'
import { creation } from '../../src/contract/job.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import type { JobOf } from '../../src/contract/jobType.ts'
import { address, amount, choice, later, offChain, text, uint } from '../../src/contract/kinds.ts'
import { loadContract } from '../../src/contract/load.ts'
import { tempDir } from '../helpers/tempDir.ts'

const names = (contract: { fields: { name: string }[] }) => contract.fields.map(({ name }) => name)
const BASE = ['onchainCreatedAt', 'creationTxHash', 'blockNumber']

describe('a definition from an ABI alone', () => {
  it.each<[string, string[], string[], string[]]>([
    [
      'event JobCreated(uint256 jobId, address employer, uint256 reward)',
      ['employer', 'reward'],
      ['OPEN'],
      ['status', 'employer', 'minReward', 'maxReward', 'participant'],
    ],
    [
      'event JobCreated(bytes32 indexed jobId, address indexed client, uint128 amount, uint48 deadline)',
      ['client', 'amount', 'deadline'],
      ['OPEN'],
      ['status', 'client', 'minAmount', 'maxAmount', 'participant'],
    ],
    [
      'event JobCreated(uint256 indexed jobId, address indexed client, string title, uint256 budget)',
      ['client', 'title', 'budget'],
      ['OPEN'],
      ['status', 'client', 'minBudget', 'maxBudget', 'participant'],
    ],
    [
      'event JobCreated(uint256 _id, address _owner, uint8 page)',
      ['owner', 'page'],
      ['OPEN'],
      ['status', 'owner', 'participant'],
    ],
    // Only a capital At ends the name of a time.
    [
      'event JobCreated(uint256 jobId, uint256 seat, uint64 startsAt)',
      ['seat', 'startsAt'],
      ['OPEN'],
      ['status', 'seat'],
    ],
  ])('%s', (event, fields, statuses, filters) => {
    const contract = defineContract({ abi: parseAbi([event] as never) })
    expect(names(contract)).toEqual(['jobId', 'status', ...fields, ...BASE])
    expect(contract.statuses).toEqual(statuses)
    expect(contract.filters.map(({ name }) => name)).toEqual(filters)
  })

  it('derives statuses from the events, in the order of the lifecycle, and the topics of the events that it uses', () => {
    const contract = defineContract({
      abi: parseAbi([
        'event TaskPosted(bytes32 indexed taskId, address poster, uint256 reward)',
        'event TaskCompleted(bytes32 indexed taskId)',
        'event TaskCancelled(bytes32 indexed taskId)',
        'event TaskAssigned(bytes32 indexed taskId, address worker)',
        'event TaskUpdated(bytes32 indexed taskId, uint256 reward)',
        'event RewardChanged(bytes32 indexed taskId, uint256 amount)',
        'event FeePaid(bytes32 indexed taskId, uint256 reward)',
        'event Transfer(address from, address to, uint256 id)',
        'event Paused(address by)',
      ]),
      created: 'TaskPosted',
    })
    expect(contract.statuses).toEqual(['OPEN', 'ASSIGNED', 'COMPLETED', 'CANCELLED'])
    expect(contract.topics).toHaveLength(6)
  })

  it('ignores events of payments, such as FeeCharged, but not FeedbackGiven', () => {
    const contract = defineContract({
      abi: parseAbi([
        'event JobCreated(uint256 jobId, uint256 budget, uint256 rating)',
        'event FeeCharged(uint256 jobId, uint256 budget)',
        'event FeedbackGiven(uint256 jobId, uint256 rating)',
      ]),
    })
    expect(contract.topics).toHaveLength(2)
  })

  it.each([
    ['the only parameter beside the id', 'event BudgetUpdated(uint256 jobId, uint256 amount)', true],
    ['the new one of two', 'event BudgetUpdated(uint256 jobId, uint256 oldBudget, uint256 newBudget)', true],
    [
      'the new one, of a field with Id',
      'event ProviderChanged(uint256 jobId, uint256 previous, uint256 newProvider)',
      true,
    ],
    ['no parameter, if two are new', 'event BudgetSet(uint256 jobId, uint256 newMin, uint256 newMax)', false],
    ['no parameter, if none is new', 'event BudgetSet(uint256 jobId, uint256 from, uint256 to)', false],
  ])('a setter sets its field to %s', (_, setter, sets) => {
    const contract = defineContract({
      abi: parseAbi(['event JobCreated(uint256 jobId, uint256 budget, uint256 providerId)', setter] as never),
    })
    expect(contract.topics).toHaveLength(sets ? 2 : 1)
  })

  it('takes the noun of NewJob for Job', () => {
    const contract = defineContract({
      abi: parseAbi([
        'event NewJob(uint256 jobId, address client)',
        'event JobFunded(uint256 jobId)',
        'event Newsletter(uint256 newsletterId)',
      ]),
      created: 'NewJob',
    })
    expect(contract.statuses).toEqual(['OPEN', 'FUNDED'])
    expectTypeOf<JobOf<typeof contract>>().toHaveProperty('client')
    const task = defineContract({
      abi: parseAbi(['event NewTask(uint256 taskId, address client)']),
      created: 'NewTask',
    })
    expectTypeOf<JobOf<typeof task>>().not.toHaveProperty('taskId')
    expect(names(task)).toEqual(['jobId', 'status', 'client', ...BASE])
    const posted = defineContract({
      abi: parseAbi(['event Task_Posted(uint256 taskId, address client)']),
      created: 'Task_Posted',
    })
    expectTypeOf<JobOf<typeof posted>>().not.toHaveProperty('taskId')
    expect(names(posted)).toEqual(['jobId', 'status', 'client', ...BASE])
    const made = defineContract({
      abi: parseAbi(['event New_Task(uint256 newId, address client)']),
      created: 'New_Task',
    })
    expectTypeOf<JobOf<typeof made>>().not.toHaveProperty('newId')
    expect(names(made)).toEqual(['jobId', 'status', 'client', ...BASE])
  })

  it('adds up the first amount that logs set', () => {
    const contract = defineContract({
      abi: parseAbi(['event JobCreated(uint256 jobId, uint256 budget)']),
      fields: { estimate: offChain(amount(6, { unit: 'USDC' })), budget: amount(6, { unit: 'USDC' }) },
    })
    expect(contract.sum?.name).toBe('budget')
  })

  it('groups statistics by the first choice that logs set', () => {
    const contract = defineContract({
      abi: parseAbi(['event JobCreated(uint256 jobId, uint8 strategy)']),
      fields: { region: offChain(choice(['EU', 'US'])), strategy: choice(['PROGRAM', 'RUBRIC']) },
    })
    expect(contract.choice?.name).toBe('strategy')
  })

  it('prefixes a parameter whose name is that of a field that every job has, or that the API adds', () => {
    const contract = defineContract({
      abi: parseAbi(['event JobCreated(uint256 jobId, uint8 status, uint256 blockNumber, string lifecycle)']),
    })
    expect(names(contract)).toEqual([
      'jobId',
      'status',
      'contractStatus',
      'contractBlockNumber',
      'contractLifecycle',
      ...BASE,
    ])
  })
})

describe('an invalid definition is refused, and the message has the place and the error', () => {
  const abi = parseAbi([
    'event JobCreated(uint256 jobId, address client, uint256 budget, uint8 tier)',
    'event BudgetSet(uint256 jobId, uint256 amount)',
    'event Posted(uint256 number, address client)',
  ])
  it.each<[string, Definition, RegExp]>([
    [
      'no creating event',
      { abi: parseAbi(['event Foo(uint256 x)']) },
      /^created: the ABI has no event JobCreated; its events: Foo; write created: '…'/,
    ],
    ['an ABI without events', { abi: [] }, /^created: .* its events: none; /],
    [
      'no id',
      { abi, created: 'Posted' },
      /^id: Posted\(number, client\) has no parameter jobId or id or postedId; .*id: '…'/,
    ],
    [
      'a later event whose id has another name',
      {
        abi: parseAbi([
          'event Posted(uint256 number, address client)',
          'event Chosen(uint256 no, address who)',
        ]),
        created: 'Posted',
        id: 'number',
        events: { Chosen: { status: 'CHOSEN' } },
      },
      /^id: Chosen\(no, who\) has no parameter number or jobId or id or postedId; .*in the ABI/,
    ],
    [
      'an id of no simple type',
      { abi: parseAbi(['event JobCreated(string jobId)']) },
      /^id: jobId of JobCreated\(jobId\) has the type string; .* uint, bytes32 or address/,
    ],
    [
      'an id of no simple type',
      { abi: parseAbi(['event JobCreated(int256 jobId)']) },
      /^id: jobId of JobCreated\(jobId\) has the type int256; /,
    ],
    [
      'ids of two types',
      {
        abi: parseAbi(['event JobCreated(uint256 jobId)', 'event JobCreated(bytes32 jobId, address client)']),
      },
      /^id: jobId of JobCreated\(jobId, client\) has the type bytes32, but the id in JobCreated has another type; /,
    ],
    [
      'two forms that no log tells apart',
      {
        abi: parseAbi([
          'event JobCreated(uint256 indexed jobId, address client)',
          'event JobCreated(uint256 jobId, address indexed client)',
        ]),
      },
      /^abi: JobCreated\(jobId, client\) and JobCreated\(jobId, client\) look the same in a log; remove one/,
    ],
    [
      'two parameters of one name',
      { abi: parseAbi(['event JobCreated(uint256 jobId, address client, address _client)']) },
      /^abi: JobCreated\(jobId, client, _client\) has two parameters for the field client; .*fields: \{ … \}/,
    ],
    [
      'a parameter with the name that the prefix gives another',
      { abi: parseAbi(['event JobCreated(uint256 jobId, uint8 status, uint8 contractStatus)']) },
      /^abi: JobCreated\(jobId, status, contractStatus\) has two parameters for the field contractStatus; /,
    ],
    ['no ABI', {} as Definition, /^abi: it is missing or not an array; write defineContract\(\{ abi \}\)/],
    [
      'a field in no event',
      { abi, fields: { salary: amount(6) } },
      /^fields\.salary: neither JobCreated\(jobId, client, budget, tier\) nor another event sets it; .*from: '…'.*offChain\(\)/,
    ],
    [
      'a kind that does not fit',
      { abi, fields: { client: amount(6) } },
      /^fields\.client: client of JobCreated\(jobId, client, budget, tier\) has the type address, .* kind amount .*; write address\(\)/,
    ],
    [
      'a field that the creation lacks',
      { abi, fields: { amount: uint() } },
      /^fields\.amount: JobCreated\(.*\) has no parameter amount; .*later\(\)/,
    ],
    [
      'a rule for no event',
      { abi, events: { JobPaid: { status: 'PAID' } } },
      /^events\.JobPaid: the ABI has no such event; write one of JobCreated, BudgetSet, Posted/,
    ],
    [
      'a rule for no field',
      { abi, events: { BudgetSet: { set: { wage: 'amount' } } } },
      /^events\.BudgetSet\.set\.wage: wage is not a field that a log sets; write one of client, budget, tier/,
    ],
    [
      'a rule for no parameter',
      { abi, events: { BudgetSet: { set: { budget: 'value' } } } },
      /^events\.BudgetSet\.set\.budget: BudgetSet has no parameter value; write one of jobId, amount/,
    ],
    [
      'an ignored creation',
      { abi, events: { JobCreated: 'ignore' } },
      /^events\.JobCreated: the event creates jobs, which are then OPEN; /,
    ],
    [
      'a strange status',
      { abi, events: { BudgetSet: { status: 'priced!' } } },
      /^events\.BudgetSet\.status: 'priced!' is not a status; /,
    ],
    [
      'a status that is no text',
      { abi, events: { BudgetSet: { status: 5n } } } as never,
      /^events\.BudgetSet\.status: 5n is not a status; /,
    ],
    [
      'a rule that sets no object',
      { abi, events: { BudgetSet: { set: null } } } as never,
      /^events\.BudgetSet\.set: null is not an object; write \{ field: 'parameter' \}/,
    ],
    ['no object of rules', { abi, events: 5n } as never, /^events: 5n is not an object; write events: \{/],
    [
      'an Error',
      { abi, events: { BudgetSet: { status: new Error('x') } } } as never,
      /^events\.BudgetSet\.status: Error: x at [^\n]*… is not a status; write /,
    ],
    ['no object of fields', { abi, fields: 'client' } as never, /^fields: 'client' is not an object; /],
    [
      'a kind that does not fit a bool',
      {
        abi: parseAbi(['event JobCreated(uint256 jobId, bool urgent)']),
        fields: { urgent: uint() },
      },
      /the kind uint does not read; write choice\(\[false, true\]\), or name another parameter/,
    ],
    [
      'a name of the API',
      { abi, fields: { limit: uint({ from: 'tier' }) } },
      /^fields\.limit: a query parameter of the API has this name; /,
    ],
    [
      'a name every job has',
      { abi, fields: { status: uint({ from: 'tier' }) } },
      /^fields\.status: every job has a field of this name, or the API adds one; .*from: 'status'/,
    ],
    [
      'a name that is none',
      { abi, fields: { 'a b': uint({ from: 'tier' }) } },
      /^fields\.a b: the name cannot be used; /,
    ],
    [
      'a name of every object',
      { abi, fields: { constructor: uint({ from: 'tier' }) } as never },
      /^fields\.constructor: the name cannot be used; /,
    ],
    [
      'a parameter of another kind by a rule',
      { abi, fields: { client: address() }, events: { BudgetSet: { set: { client: 'amount' } } } },
      /^events\.BudgetSet\.set\.client: amount of BudgetSet\(jobId, amount\) has the type uint256, .* kind address .*; write amount\(0\)/,
    ],
    [
      'a kind that does not fit the only event with the parameter',
      { abi, fields: { amount: later(address()) } },
      /^fields\.amount: amount of BudgetSet\(jobId, amount\) has the type uint256, .* kind address .*; write amount\(0\)/,
    ],
    ['a misspelled part', { abi, feilds: {} } as Definition, /^feilds: .*write one of abi, .*fields/],
    [
      'an ABI of texts',
      { abi: ['event JobCreated(uint256 jobId)'] },
      /^abi: its items are strings; .*parseAbi/,
    ],
    [
      'a function in place of a kind',
      { abi, fields: { tier: uint as never } },
      /^fields\.tier: the value is not a kind; .*tier: uint\(\)/,
    ],
    [
      'a status in place of a rule',
      { abi, events: { BudgetSet: 'PRICED' as never } },
      /^events\.BudgetSet: 'PRICED' is not a rule; write \{ status, set \} or 'ignore'/,
    ],
    [
      'a misspelled part of a rule',
      { abi, events: { BudgetSet: { stauts: 'PRICED' } as never } },
      /^events\.BudgetSet: \{ stauts: 'PRICED' \} is not a rule; /,
    ],
    [
      'a status of new jobs',
      { abi, events: { JobCreated: { status: 'POSTED' } } },
      /^events\.JobCreated: the event creates jobs, which are then OPEN; /,
    ],
    [
      'an initial value in another form',
      { abi, fields: { budget: amount(6, { initial: '0' }) } },
      /^fields\.budget\.initial: '0' is not in the form of the field; /,
    ],
    [
      'two fields for one parameter',
      { abi, fields: { budget: amount(6), minBudget: uint({ from: 'tier' }) } },
      /^fields\.minBudget: another field makes the query parameter minBudget too; /,
    ],
  ])('%s', (_, definition, message) => {
    expect(() => defineContract(definition)).toThrow(DefinitionError)
    expect(() => defineContract(definition)).toThrow(message)
    // One line: the place in the definition, the problem, and what to write instead.
    expect(() => defineContract(definition)).toThrow(/^(?=[^\n]{20,250}$)\S[^:]*: .+; .+/)
  })

  it('a choice of invalid values, and an amount without decimals', () => {
    expect(() => choice(['A,B'])).toThrow(/^choice\(\[ 'A,B' \]\): /)
    expect(() => choice([1n] as never)).toThrow(/^choice\(\[ 1n \]\): /)
    expect(() => choice([])).toThrow(DefinitionError)
    expect(() => amount(undefined as never)).toThrow(/^amount\(undefined\): .*such as amount\(18\)/)
  })
})

it('a definition that stores other data has another fingerprint', () => {
  const abi = parseAbi([
    'event JobCreated(uint256 jobId, address client, uint256 budget)',
    'event JobFunded(uint256 jobId)',
  ])
  const of = (definition: Omit<Definition, 'abi'>) => defineContract({ abi, ...definition }).fingerprint
  const all = [
    of({}),
    of({ events: { JobFunded: 'ignore' } }),
    of({ fields: { budget: amount(6) } }),
    of({ fields: { budget: amount(0) } }),
    of({ fields: { budget: amount(6, { unit: 'USDC' }) } }),
    of({ fields: { client: address({ filter: false }), budget: amount(6) } }),
    of({ fields: { client: address(), budget: amount(6), ...creation } }),
  ]
  expect(new Set(all).size).toBe(all.length)
  expect(of({ name: 'another' })).toBe(of({}))
})

it('the shipped definitions keep their fingerprints, so that they accept the database of an earlier version', () => {
  expect([jobRegistry.fingerprint, erc8183.fingerprint]).toEqual([
    'a52fde91007f86a03982295f82d0e96718b20293acb46a8e0468719a658f264f budget',
    '534eb6dda17972a61d847c18609f6deb32ce4a2280983c87fde9c6444026501a -',
  ])
})

it('fields that no log has set are null', () => {
  const contract = defineContract({
    abi: parseAbi(['event JobCreated(uint256 jobId)', 'event WorkerSet(uint256 jobId, address worker)']),
    fields: { worker: later(address({ role: true })), title: offChain(text()) },
  })
  expect(contract.fields.filter(({ nullable }) => nullable).map(({ name }) => name)).toEqual([
    'worker',
    'title',
  ])
  expect(contract.filters.map(({ name }) => name)).toEqual(['status', 'worker', 'participant'])
})

describe('the type of a job', () => {
  interface Base {
    jobId: string
    status: string
    onchainCreatedAt: string
    creationTxHash: string
    blockNumber: string
  }

  it('has the fields of the creating event, without its id', () => {
    const abi = parseAbi([
      'event TaskPosted(bytes32 indexed taskId, address __poster, uint256 reward_, bool urgent, uint8 status)',
      'event TaskCompleted(bytes32 indexed taskId)',
    ])
    const contract = defineContract({ abi, created: 'TaskPosted' })
    expectTypeOf<JobOf<typeof contract>>().branded.toEqualTypeOf<
      Base & { poster: string | null; reward: string; urgent: boolean; contractStatus: string }
    >()
    expect(names(contract).slice(2, 6)).toEqual(['poster', 'reward', 'urgent', 'contractStatus'])
  })

  it('keeps a parameter `id` if the event also has `jobId`', () => {
    const abi = parseAbi(['event JobCreated(uint256 jobId, bytes32 id, uint256 x)'])
    const contract = defineContract({ abi })
    expectTypeOf<JobOf<typeof contract>>().branded.toEqualTypeOf<Base & { id: string; x: string }>()
    expect(names(contract).slice(2, 4)).toEqual(['id', 'x'])
  })

  it('has null for a parameter that a form of the event lacks', () => {
    const abi = parseAbi([
      'event JobCreated(uint256 number, uint256 pay)',
      'event JobCreated(uint256 number, uint256 pay, string title)',
    ])
    const contract = defineContract({ abi, id: 'number' })
    expectTypeOf<JobOf<typeof contract>>().branded.toEqualTypeOf<
      Base & { pay: string; title: string | null }
    >()
    expect(contract.fields.find(({ name }) => name === 'title')?.nullable).toBe(true)
  })
})

describe('CONTRACT', () => {
  let folder: Awaited<ReturnType<typeof tempDir>>
  const abi = parseAbi(['event JobCreated(uint256 indexed jobId, address indexed client)'])
  const file = async (name: string, content: string) => {
    const path = join(folder.path, name)
    await writeFile(path, content)
    return path
  }
  beforeAll(async () => {
    folder = await tempDir()
  })
  afterAll(() => folder.remove())

  it('takes the shipped names', async () => {
    expect((await loadContract('job-registry')).created).toBe('JobCreated')
    expect((await loadContract('erc8183')).name).toBe('erc8183')
  })

  it('takes a plain ABI, the artifact of a compiler, and a module that holds a definition', async () => {
    const files = [
      await file('plain.json', JSON.stringify(abi)),
      await file('artifact.json', JSON.stringify({ contractName: 'X', abi, bytecode: '0x' })),
      await file('module.mjs', `export default { abi: ${JSON.stringify(abi)}, name: 'mine' }`),
      await file('typed.ts', `const abi: unknown[] = ${JSON.stringify(abi)}\nexport default { abi }`),
    ]
    for (const path of files)
      expect(names(await loadContract(path))).toEqual(['jobId', 'status', 'client', ...BASE])
  })

  it.each<[string, () => Promise<string> | string, RegExp]>([
    [
      'an unknown name',
      () => 'job-registri',
      /^CONTRACT=job-registri: there is no such definition; set it to job-registry or erc8183, or to the path/,
    ],
    [
      'the name of a property of every object',
      () => 'constructor',
      /^CONTRACT=constructor: there is no such/,
    ],
    ['a missing file', () => './no/such.ts', /^CONTRACT=\.\/no\/such\.ts: there is no such file; set it to/],
    [
      'a file that is no JSON',
      () => file('broken.json', '{'),
      /broken\.json: abi: the file is not JSON \(.*\); /,
    ],
    [
      'JSON that is no ABI',
      () => file('other.json', '{"name":"x"}'),
      /other\.json: abi: the file contains no ABI; /,
    ],
    [
      'a module without a definition',
      () => file('empty.mjs', 'export const a = 1, b = 2'),
      /empty\.mjs: default export: .*; end it with `export default defineContract/,
    ],
    [
      'an ABI that needs a definition',
      () => file('posted.json', JSON.stringify(parseAbi(['event JobPosted(uint256 jobId)']))),
      /posted\.json: created: .*; write created: '…' .* \(do this in a module that imports the ABI\)$/,
    ],
    [
      'TypeScript with a syntax error',
      () => file('syntax.ts', 'const a: = 1'),
      /syntax\.ts: .*syntax\.ts:1:9: /,
    ],
    ['a module that throws', () => file('throws.mjs', 'throw new Error("oh no")'), /throws\.mjs: oh no/],
    [
      'a definition that cannot work',
      () => file('wrong.mjs', 'export default { abi: [] }'),
      /wrong\.mjs: created: the ABI has no event JobCreated/,
    ],
  ])('is refused for %s', async (_, path, message) => {
    await expect(loadContract(await path())).rejects.toThrow(DefinitionError)
    await expect(loadContract(await path())).rejects.toThrow(message)
  })
})
