import { mkdir, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import postgresJs from 'postgres'
import { type Address, encodeAbiParameters, encodeFunctionData, type Hex, keccak256, toHex } from 'viem'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Anvil, startAnvil } from '../../src/devnet/anvil.ts'
import {
  anvilCall,
  type DevClient,
  deploy,
  devAccounts,
  devClient,
  transact,
} from '../../src/devnet/client.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { reader } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { compile } from '../helpers/solidity.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { tempDir } from '../helpers/tempDir.ts'
import { until } from '../helpers/until.ts'

/** A contract unlike the shipped ones: ids are bytes32, a parameter is a text. */
const { abi, bytecode } = compile(
  `contract Bounties {
    enum Tier { Bronze, Gold }
    event BountyPosted(bytes32 indexed bountyId, address indexed sponsor, string title, uint128 reward, uint48 deadline, Tier tier, bool urgent);
    event BountyClaimed(bytes32 indexed bountyId, address hunter);
    event BountyCompleted(bytes32 indexed bountyId);
    event RewardRaised(bytes32 indexed bountyId, uint128 newReward);
    event FeePaid(bytes32 indexed bountyId, uint128 reward);

    function post(bytes32 id, string calldata title, uint128 reward, uint48 deadline) external {
      emit BountyPosted(id, msg.sender, title, reward, deadline, Tier.Gold, reward > 2 ether);
    }
    function claim(bytes32 id) external { emit BountyClaimed(id, msg.sender); }
    function raise(bytes32 id, uint128 reward) external { emit RewardRaised(id, reward); emit FeePaid(id, 1); }
    function complete(bytes32 id) external { emit BountyCompleted(id); }
    /// Any data as that of a BountyPosted.
    function forge(bytes32 id, bytes calldata data) external {
      bytes32 topic = BountyPosted.selector;
      bytes memory copy = data;
      assembly { log3(add(copy, 32), mload(copy), topic, id, caller()) }
    }
  }`,
  'Bounties',
)

/** The definition file of an operator. */
const definition = `
import { address, amount, choice, defineContract, later, text, time } from 'jobcast/contract'

const abi: unknown[] = ${JSON.stringify(abi)}

export default defineContract({
  name: 'bounties',
  abi,
  created: 'BountyPosted',
  fields: {
    sponsor: address({ role: true }),
    title: text(),
    reward: amount(18, { unit: 'ETH' }),
    due: time({ from: 'deadline' }),
    tier: choice(['BRONZE']),
    urgent: choice([false, true]),
    hunter: later(address({ role: true })),
  },
  events: { RewardRaised: { set: { reward: 'newReward' } } },
})
`

const ETHER = 10n ** 18n
const [SPONSOR, HUNTER, OTHER] = devAccounts
const lower = (address: Address) => address.toLowerCase()
const idOf = (name: string) => keccak256(toHex(name))

let anvil: Anvil
let client: DevClient
let contract: Address
let databaseUrl: string
let dir: Awaited<ReturnType<typeof tempDir>>
let server: JobcastProcess
let api: ReturnType<typeof reader>
beforeAll(async () => {
  ;[anvil, dir] = await Promise.all([startAnvil(), tempDir()])
  client = devClient(anvil.url)
  contract = (await deploy(client, { abi, bytecode })).address
  databaseUrl = await createSharedDatabase()
  await writeFile(join(dir.path, 'bounties.ts'), definition)
  // As after npm install.
  await mkdir(join(dir.path, 'node_modules'))
  await symlink(fileURLToPath(new URL('../..', import.meta.url)), join(dir.path, 'node_modules/jobcast'))
  server = await startProcess({
    cwd: dir.path,
    env: {
      CONTRACT: './bounties.ts',
      RPC_URL: anvil.wsUrl,
      CONTRACT_ADDRESS: contract,
      DATABASE_URL: databaseUrl,
      POLL_INTERVAL_MS: '100',
      RATE_LIMIT: '0',
    },
  })
  api = reader(server.url)
  await server.untilAnswers('/ready')
})
afterAll(async () => {
  await server?.stop()
  await Promise.all([anvil?.stop(), dir?.remove()])
})

/** Calls a function of the contract and waits until it is mined. */
async function call(functionName: string, args: unknown[], from: Address = SPONSOR): Promise<void> {
  const data = encodeFunctionData({ abi, functionName, args })
  await transact(client, { to: contract, data, from, gas: 20_000_000n })
}

async function post(
  name: string,
  {
    title = 'a title',
    reward = ETHER,
    from = SPONSOR,
  }: { title?: string; reward?: bigint; from?: Address } = {},
): Promise<Hex> {
  await call('post', [idOf(name), title, reward, 1_900_000_000], from)
  return idOf(name)
}

const indexed = (jobId: Hex, fields: object) =>
  until(
    async () => {
      const { data } = await api.get(`/api/v1/jobs/${jobId}`)
      expect(data).toMatchObject(fields)
      return data
    },
    { message: `${jobId} is ${JSON.stringify(fields)}` },
  )

const jobsOf = async (query: string): Promise<string[]> =>
  (await api.get(`/api/v1/jobs?${query}`)).data.map(({ jobId }: { jobId: string }) => jobId)

it('a bounty is a job with the fields of the definition in their order, the same on the stream and in the history', async () => {
  const stream = subscribe(server)
  await stream.connected
  const jobId = await post('first', { title: 'Fix the bridge' })
  await call('claim', [jobId], HUNTER)
  await call('raise', [jobId, 3n * ETHER])
  await call('complete', [jobId])
  const events = await stream.waitFor(4)
  const created = {
    jobId,
    status: 'OPEN',
    sponsor: lower(SPONSOR),
    title: 'Fix the bridge',
    reward: '1.000000000000000000',
    due: '1900000000',
    tier: 'UNKNOWN_1',
    urgent: false,
    hunter: null,
    onchainCreatedAt: expect.stringMatching(/^\d+$/),
    creationTxHash: expect.stringMatching(/^0x[0-9a-f]{64}$/),
    blockNumber: expect.stringMatching(/^\d+$/),
  }
  const claimed = { ...created, status: 'CLAIMED', hunter: lower(HUNTER) }
  const raised = { ...claimed, reward: '3.000000000000000000' }
  expect(events.map(({ type, data }) => [type, data])).toEqual([
    ['job_created', created],
    ['job_updated', claimed],
    ['job_updated', raised],
    ['job_updated', { ...raised, status: 'COMPLETED' }],
  ])
  const last = events[3]?.data as Record<string, unknown>
  expect(Object.keys(last)).toEqual(Object.keys(created))
  const { lifecycle, ...job } = await indexed(jobId.toUpperCase().replace('X', 'x') as Hex, {
    status: 'COMPLETED',
  })
  expect(JSON.stringify(job)).toBe(JSON.stringify(last))
  expect(lifecycle.map(({ event, status }: Record<string, string>) => [event, status])).toEqual([
    ['BountyPosted', 'OPEN'],
    ['BountyClaimed', 'CLAIMED'],
    ['RewardRaised', 'CLAIMED'],
    ['BountyCompleted', 'COMPLETED'],
  ])
})

it('the filters of the definition select the same jobs from the history and the stream', async () => {
  const claims = subscribe(server, { query: `?hunter=${OTHER}` })
  const rich = subscribe(server, { query: '?minReward=5.5&types=job_created' })
  await Promise.all([claims.connected, rich.connected])
  const cheap = await post('cheap', { reward: 2n * ETHER, from: OTHER })
  const dear = await post('dear', { reward: 55n * 10n ** 17n, from: OTHER })
  const claimed = await post('claimed', { reward: 5n * ETHER })
  await call('claim', [claimed], OTHER)
  await indexed(claimed, { status: 'CLAIMED' })

  expect(await jobsOf(`sponsor=${OTHER}`)).toEqual([dear, cheap])
  expect(await jobsOf(`sponsor=${lower(OTHER)}&maxReward=2`)).toEqual([cheap])
  expect(await jobsOf(`participant=${OTHER}`)).toEqual([claimed, dear, cheap])
  expect(await jobsOf(`hunter=${OTHER}`)).toEqual([claimed])
  expect(await jobsOf('minReward=5.5')).toEqual([dear])
  expect(await jobsOf('status=CLAIMED')).toEqual([claimed])
  expect(await jobsOf('urgent=true')).toEqual([claimed, dear])
  expect(await jobsOf(`urgent=false&participant=${OTHER}`)).toEqual([cheap])
  expect((await api.get('/api/v1/jobs?urgent=true&status=OPEN')).pagination.total).toBe(1)
  expect(await jobsOf('status=OPEN,CLAIMED&tier=UNKNOWN_1&maxReward=5')).toEqual([claimed, cheap])
  expect(await jobsOf('tier=BRONZE')).toEqual([])
  expect((await claims.waitFor(1)).map(({ type, data }) => [type, data.jobId])).toEqual([
    ['job_updated', claimed],
  ])
  expect((await rich.waitFor(1)).map(({ data }) => data.jobId)).toEqual([dear])

  for (const [query, message] of [
    ['clientId=1', /unknown parameter clientId; known parameters: .*sponsor.*minReward/],
    ['sponsor=0x12', /sponsor takes addresses, in upper or lower case/],
    ['minReward=0.1234567890123456789', /minReward takes ETH, inclusive, with at most 18 fraction digits/],
    ['title=x', /unknown parameter title/],
    ['urgent=1', /urgent takes any of false, true/],
  ] as const)
    for (const path of ['/api/v1/jobs', '/api/v1/events'])
      expect((await api.get(`${path}?${query}`, 400)).error.message).toMatch(message)
  expect((await api.get('/api/v1/jobs/42', 400)).error.code).toBe('BAD_REQUEST')
})

it('if a reorg removes a claim, the job returns to its previous state, and subscribers receive it', async () => {
  const jobId = await post('taken back')
  const stream = subscribe(server, { query: `?hunter=${HUNTER}&types=job_updated` })
  await stream.connected
  await call('claim', [jobId], HUNTER)
  await stream.waitFor(1)
  await anvilCall(client, 'anvil_reorg', [1, []])
  const [, back] = await stream.waitFor(2)
  expect(back?.data).toMatchObject({ jobId, status: 'OPEN', hunter: null })
  expect((await indexed(jobId, { status: 'OPEN' })).lifecycle).toHaveLength(1)
})

describe('a hostile contract', () => {
  const data = (title: Hex, reward: bigint) =>
    // As bytes, because no string of JavaScript holds what is not UTF-8.
    encodeAbiParameters(
      ['bytes', 'uint128', 'uint48', 'uint8', 'bool'].map((type) => ({ type })),
      [title, reward, 1, 0, true],
    )

  it.each<[string, string]>([
    ['line ends and a frame of its own', 'a\r\n\r\nid: 1\nevent: job_removed\ndata: {}\n\n'],
    ['NUL, quotes and markup', '\0"\\</script><script>alert(1)</script>\u2028'],
    ['100,000 characters', 'x'.repeat(100_000)],
    ['an emoji at the place where it is cut', `${'x'.repeat(16_382)}🦊🦊`],
  ])('a title with %s reaches subscribers and the history as one job', async (name, title) => {
    const stream = subscribe(server)
    await stream.connected
    const jobId = await post(name, { title })
    const [event] = await stream.waitFor(1)
    expect(event).toMatchObject({ type: 'job_created', data: { jobId } })
    const { lifecycle: _, ...job } = await indexed(jobId, {})
    expect(job).toEqual(event?.data)
    const served = String(job.title)
    if (title.length <= 16_384) expect(served).toBe(title.replaceAll('\0', '\ufffd'))
    else
      expect([served.length <= 16_384, served.endsWith('…'), served.isWellFormed()]).toEqual([
        true,
        true,
        true,
      ])
  })

  it('a title that is not UTF-8 is shown with U+FFFD', async () => {
    const jobId = idOf('not UTF-8')
    await call('forge', [jobId, data('0x61ff62ed', 7n)])
    await indexed(jobId, { title: 'a\ufffdb\ufffd', reward: '0.000000000000000007' })
  })

  it('a log whose data does not decode is stored as unapplied with its reason, and later logs are indexed', async () => {
    const fits = data('0x61', 7n)
    const dirty = `${fits.slice(0, 2 + 64)}${'f'.repeat(64)}${fits.slice(2 + 128)}`
    for (const broken of ['0x', `0x${'f'.repeat(64)}${fits.slice(66)}`, dirty])
      await call('forge', [idOf('broken'), broken])
    await indexed(await post('after'), {})
    await api.get(`/api/v1/jobs/${idOf('broken')}`, 404)
    const sql = postgresJs(databaseUrl, { max: 1 })
    const reasons = (await sql`select reason from unapplied_logs order by block_number`).map(
      ({ reason }) => reason,
    )
    await sql.end()
    expect(reasons).toEqual([
      expect.stringContaining('bytes of data for BountyPosted'),
      expect.stringContaining('does not fit the ABI'),
      expect.stringContaining('not a value of uint128'),
    ])
    const metric = await readMetrics(server.url)
    expect(metric('jobcast_unapplied_logs_total{cause="malformed"}')).toBe(3)
  })
})

it('the OpenAPI document is valid, and jobs and examples match its schemas', async () => {
  await indexed(await post('described'), { status: 'OPEN' })
  const document = await api.get('/openapi.json')
  expect(await new Validator().validate(structuredClone(document))).toEqual({ valid: true })
  const ajv = new Ajv2020({ strict: false }).addSchema(document, 'document')
  const job = ajv.getSchema('document#/components/schemas/Job')
  for (const each of (await api.get('/api/v1/jobs?limit=100')).data)
    expect(job?.(each), JSON.stringify(job?.errors)).toBe(true)
  const { parameters } = document.paths['/api/v1/jobs'].get
  expect(parameters.map(({ name }: { name: string }) => name)).toEqual(
    expect.arrayContaining(['sponsor', 'hunter', 'participant', 'minReward', 'maxReward', 'tier', 'status']),
  )
  for (const path of Object.keys(document.paths))
    for (const { name, schema, example = schema.examples?.[0] } of document.paths[path].get.parameters ?? [])
      if (example !== undefined)
        expect([path, name, ajv.validate(schema, example)]).toEqual([path, name, true])
})

it('/api/v1/config describes the definition, and /api/v1/stats adds up its amounts', async () => {
  const { contract } = (await api.get('/api/v1/config')).data
  expect(contract).toMatchObject({
    name: 'bounties',
    statuses: ['OPEN', 'CLAIMED', 'COMPLETED'],
    choice: 'tier',
    sum: 'reward',
  })
  await indexed(await post('added up'), { status: 'OPEN' })
  const jobs = (await api.history()).map(({ reward }) => BigInt(String(reward).replace('.', '')))
  // The server memoizes its statistics for a second.
  const data = await until(async () => {
    const stats = await api.get('/api/v1/stats')
    return stats.data.totalJobs === jobs.length && stats.data
  })
  expect(BigInt(data.totalAmount.replace('.', ''))).toBe(jobs.reduce((sum, each) => sum + each, 0n))
})

it('an invalid definition file ends the process with code 2 and one line', async () => {
  await writeFile(
    join(dir.path, 'wrong.ts'),
    definition.replace("created: 'BountyPosted'", "created: 'Nope'"),
  )
  const wrong = await startProcess({
    cwd: dir.path,
    env: { CONTRACT: './wrong.ts', RPC_URL: anvil.url, CONTRACT_ADDRESS: contract, DATA_DIR: dir.path },
  })
  expect((await wrong.exit).code).toBe(2)
  expect(wrong.logs.map((line) => line.text ?? line.msg)).toEqual([
    expect.stringMatching(
      /^CONTRACT=\.\/wrong\.ts: created: the ABI has no event Nope; its events: BountyClaimed, .*created: '…' with the event that creates a job$/,
    ),
  ])
})
