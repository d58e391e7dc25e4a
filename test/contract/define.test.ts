import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseAbi } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Definition, defineContract } from '../../src/contract/define.ts'
import { DefinitionError } from '../../src/contract/errors.ts'
import { creation } from '../../src/contract/job.ts'
import { address, amount, choice, later, offChain, text, uint } from '../../src/contract/kinds.ts'
import { loadContract } from '../../src/contract/load.ts'
import { tempDir } from '../helpers/tempDir.ts'

const names = (contract: { fields: { name: string }[] }) => contract.fields.map(({ name }) => name)
const BASE = ['onchainCreatedAt', 'creationTxHash', 'blockNumber']

describe('an ABI alone', () => {
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
  ])('%s', (event, fields, statuses, filters) => {
    const contract = defineContract({ abi: parseAbi([event] as never) })
    expect(names(contract)).toEqual(['jobId', 'status', ...fields, ...BASE])
    expect(contract.statuses).toEqual(statuses)
    expect(contract.filters.map(({ name }) => name)).toEqual(filters)
  })

  it('makes statuses of events, in the order of a life, and fields of parameters with their names', () => {
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

  it('gives way where a parameter has the name of a field that every job has', () => {
    const contract = defineContract({
      abi: parseAbi(['event JobCreated(uint256 jobId, uint8 status, uint256 blockNumber)']),
    })
    expect(names(contract)).toEqual(['jobId', 'status', 'contractStatus', 'contractBlockNumber', ...BASE])
  })
})

describe('a definition that cannot work is refused with what is wrong and where', () => {
  const abi = parseAbi([
    'event JobCreated(uint256 jobId, address client, uint256 budget, uint8 tier)',
    'event BudgetSet(uint256 jobId, uint256 amount)',
    'event Posted(uint256 number, address client)',
  ])
  it.each<[string, Definition, RegExp]>([
    [
      'no creating event',
      { abi: parseAbi(['event Foo(uint256 x)']) },
      /no event JobCreated, only Foo: .*created: '…'/,
    ],
    ['an ABI without events', { abi: [] }, /only no events/],
    [
      'no id',
      { abi, created: 'Posted' },
      /Posted\(number, client\) has no parameter jobId or id or postedId: .*id: '…'/,
    ],
    [
      'an id of no simple type',
      { abi: parseAbi(['event JobCreated(string jobId)']) },
      /the id jobId of JobCreated\(jobId\) has the type string: it must be a uint, bytes32 or address/,
    ],
    [
      'an id of no simple type',
      { abi: parseAbi(['event JobCreated(int256 jobId)']) },
      /the id jobId of JobCreated\(jobId\) has the type int256/,
    ],
    [
      'ids of two types',
      {
        abi: parseAbi(['event JobCreated(uint256 jobId)', 'event JobCreated(bytes32 jobId, address client)']),
      },
      /the id jobId of JobCreated\(jobId, client\) has the type bytes32, and that of JobCreated another one/,
    ],
    [
      'two forms that no log tells apart',
      {
        abi: parseAbi([
          'event JobCreated(uint256 indexed jobId, address client)',
          'event JobCreated(uint256 jobId, address indexed client)',
        ]),
      },
      /JobCreated\(jobId, client\) and JobCreated\(jobId, client\) look the same in a log: remove one from the ABI/,
    ],
    [
      'two parameters of one name',
      { abi: parseAbi(['event JobCreated(uint256 jobId, address client, address _client)']) },
      /JobCreated\(jobId, client, _client\) has two parameters for the field client: name .*fields: \{ … \}/,
    ],
    ['no ABI', {} as Definition, /the definition has no abi, which is a list/],
    [
      'a field in no event',
      { abi, fields: { salary: amount(6) } },
      /the field salary is in no event: .*from: '…'.*offChain\(\)/,
    ],
    [
      'a kind that does not fit',
      { abi, fields: { client: amount(6) } },
      /the field client has the kind amount, and client of JobCreated\(jobId, client, budget, tier\) the type address/,
    ],
    [
      'a field that the creation lacks',
      { abi, fields: { amount: uint() } },
      /the field amount is not in JobCreated\(.*later\(\)/,
    ],
    [
      'a rule for no event',
      { abi, events: { JobPaid: { status: 'PAID' } } },
      /events: the ABI has no event JobPaid/,
    ],
    [
      'a rule for no field',
      { abi, events: { BudgetSet: { set: { wage: 'amount' } } } },
      /BudgetSet sets wage, which is no field/,
    ],
    [
      'a rule for no parameter',
      { abi, events: { BudgetSet: { set: { budget: 'value' } } } },
      /BudgetSet has no parameter value for the field budget/,
    ],
    [
      'an ignored creation',
      { abi, events: { JobCreated: 'ignore' } },
      /JobCreated creates the jobs and cannot be ignored/,
    ],
    [
      'a strange status',
      { abi, events: { BudgetSet: { status: 'priced!' } } },
      /the status "priced!" of BudgetSet/,
    ],
    [
      'a name of the API',
      { abi, fields: { limit: uint({ from: 'tier' }) } },
      /the field limit has the name of a query parameter/,
    ],
    [
      'a name every job has',
      { abi, fields: { status: uint({ from: 'tier' }) } },
      /the field status is every job's own/,
    ],
    [
      'a name that is none',
      { abi, fields: { 'a b': uint({ from: 'tier' }) } },
      /the field "a b" needs another name/,
    ],
    [
      'a name of every object',
      { abi, fields: { constructor: uint({ from: 'tier' }) } as never },
      /the field "constructor" needs another name/,
    ],
    [
      'a parameter of another kind by a rule',
      { abi, fields: { client: address() }, events: { BudgetSet: { set: { client: 'amount' } } } },
      /the field client has the kind address, and amount of BudgetSet\(jobId, amount\) the type uint256/,
    ],
    [
      'two fields for one parameter',
      { abi, fields: { budget: amount(6), minBudget: uint({ from: 'tier' }) } },
      /two fields make the query parameter minBudget/,
    ],
  ])('%s', (_, definition, message) => {
    expect(() => defineContract(definition)).toThrow(DefinitionError)
    expect(() => defineContract(definition)).toThrow(message)
    // One sentence.
    expect(() => defineContract(definition)).toThrow(/^[^\n]{20,250}$/)
  })

  it('a choice of odd values', () => {
    expect(() => choice(['A,B'])).toThrow(/choice\(\["A,B"\]\)/)
    expect(() => choice([])).toThrow(DefinitionError)
  })
})

it('a definition that stores something else has another fingerprint', () => {
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
    of({ fields: { client: address(), budget: amount(6), ...creation } }),
  ]
  expect(new Set(all).size).toBe(all.length)
  expect(of({ name: 'another' })).toBe(of({}))
})

it('fields that no log tells yet, or ever, are null', () => {
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
      /CONTRACT=job-registri: there is no such definition\. It takes job-registry, erc8183, or a path/,
    ],
    ['a missing file', () => './no/such.ts', /CONTRACT=\.\/no\/such\.ts: there is no such file/],
    ['a file that is no JSON', () => file('broken.json', '{'), /broken\.json: .*JSON/],
    ['JSON that is no ABI', () => file('other.json', '{"name":"x"}'), /the file holds no ABI/],
    [
      'a module without a definition',
      () => file('empty.mjs', 'export const a = 1, b = 2'),
      /no default export/,
    ],
    ['a module that throws', () => file('throws.mjs', 'throw new Error("oh no")'), /throws\.mjs: oh no/],
    [
      'a definition that cannot work',
      () => file('wrong.mjs', 'export default { abi: [] }'),
      /wrong\.mjs: the ABI has no event JobCreated/,
    ],
  ])('is refused for %s', async (_, path, message) => {
    await expect(loadContract(await path())).rejects.toThrow(DefinitionError)
    await expect(loadContract(await path())).rejects.toThrow(message)
  })
})
