import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { type Service, startService, unreachable } from '../helpers/service.ts'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { until } from '../helpers/until.ts'

// biome-ignore lint/suspicious/noExplicitAny: a document is read by many paths
type Document = any

const KEY = 'a-key-of-this-test'
let chain: TestChain
let service: Service
let document: Document
let ajv: Ajv2020
/** Removes the properties that the document does not have. */
let pruning: Ajv2020
beforeAll(async () => {
  chain = await startChain()
  await chain.createJobs(30)
  service = await startService({
    RPC_URL: chain.url,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await createSharedDatabase(),
    MAX_STREAMS_PER_IP: '1',
    KEEPALIVE_SECONDS: '1',
  })
  await until(async () => (await service.get('/api/v1/stats')).data.totalJobs === 30)
  document = await service.get('/openapi.json')
  ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')
  pruning = new Ajv2020({ strict: false, removeAdditional: 'all' })
  addFormats.default(pruning)
  pruning.addSchema(document, 'document')
})
afterAll(async () => {
  await service?.close()
  await chain?.stop()
})

const pointer = (...path: string[]) =>
  `document#/${path.map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`

/** Validates an answer by its schema in the document, which must have all of its properties. */
async function check(response: Response, path: string): Promise<void> {
  const type = (response.headers.get('content-type') ?? '').split(';')[0] as string
  const at = ['paths', path, 'get', 'responses', String(response.status), 'content', type, 'schema']
  const validate = ajv.getSchema(pointer(...at))
  if (!validate) throw new Error(`the document has no ${at.join(' ')}`)
  const body = type === 'application/json' ? await response.json() : await response.text()
  expect(validate(body), `${path} ${JSON.stringify(validate.errors)}`).toBe(true)
  const documented = structuredClone(body)
  pruning.getSchema(pointer(...at))?.(documented)
  expect(body).toEqual(documented)
}

describe('the document', () => {
  it('is valid OpenAPI 3.1 by an independent validator', async () => {
    const validator = new Validator()
    expect(await validator.validate(structuredClone(document))).toEqual({ valid: true })
    expect(validator.version).toBe('3.1')
  })

  it('describes every operation with its group, parameters and answers', () => {
    expect(Object.keys(document.paths).sort()).toEqual([
      '/api/v1/config',
      '/api/v1/events',
      '/api/v1/jobs',
      '/api/v1/jobs/{jobId}',
      '/api/v1/stats',
      '/health',
      '/metrics',
      '/ready',
    ])
    const operations: Document[] = Object.values(document.paths).flatMap((path: Document) =>
      Object.values(path),
    )
    expect(new Set(operations.map((each) => each.operationId)).size).toBe(operations.length)
    const tags = document.tags.map((tag: Document) => tag.name)
    for (const { operationId, summary, tags: used, parameters = [], responses } of operations) {
      expect(operationId).toMatch(/^[a-z][A-Za-z]+$/)
      expect(summary.length).toBeGreaterThan(5)
      expect(tags).toEqual(expect.arrayContaining(used))
      for (const parameter of parameters) expect(parameter.description?.length).toBeGreaterThan(5)
      for (const response of Object.values(responses) as Document[])
        expect(response.description).not.toBe('Default Response')
    }
    expect(document.servers.length).toBeGreaterThan(0)
  })

  it('has an example of each error of the API', () => {
    for (const path of Object.keys(document.paths).filter((each) => each.startsWith('/api/')))
      for (const status of ['400', '401', '429', '500', '503']) {
        const { schema, example } = document.paths[path].get.responses[status].content['application/json']
        expect(schema).toEqual({ $ref: '#/components/schemas/Error' })
        expect(ajv.getSchema(pointer('components', 'schemas', 'Error'))?.(example)).toBe(true)
      }
  })

  it('has only valid examples, and no internal schema ids', () => {
    const text = JSON.stringify(document)
    expect(text).not.toContain('"$id"')
    expect(text).not.toContain('def-')
    const checked: string[] = []
    for (const [name, schema] of Object.entries<Document>(document.components.schemas))
      for (const [property, { examples = [] }] of Object.entries<Document>(schema.properties))
        for (const example of examples) {
          expect(
            ajv.getSchema(pointer('components', 'schemas', name, 'properties', property))?.(example),
            `${name}.${property}`,
          ).toBe(true)
          checked.push(`${name}.${property}`)
        }
    expect(checked).toEqual(expect.arrayContaining(['Job.jobId', 'Job.status', 'Connected.timestamp']))
  })
})

describe('real answers are as the document says', () => {
  it.each([
    ['/api/v1/jobs', '/api/v1/jobs?limit=7'],
    ['/api/v1/jobs', '/api/v1/jobs?fromBlock=99999999'],
    ['/api/v1/jobs', '/api/v1/jobs?limit=1000', 400],
    ['/api/v1/jobs', '/api/v1/jobs?nonsense=1', 400],
    ['/api/v1/jobs', '/api/v1/jobs?minBudget=-1', 400],
    ['/api/v1/jobs/{jobId}', '/api/v1/jobs/1'],
    ['/api/v1/jobs/{jobId}', '/api/v1/jobs/999999', 404],
    ['/api/v1/jobs/{jobId}', '/api/v1/jobs/x', 400],
    ['/api/v1/config', '/api/v1/config'],
    ['/api/v1/stats', '/api/v1/stats'],
    ['/api/v1/stats', '/api/v1/stats?a=b', 400],
    ['/api/v1/events', '/api/v1/events?types=nonsense', 400],
    ['/health', '/health'],
    ['/ready', '/ready'],
    ['/metrics', '/metrics'],
  ])('%s: %s', async (path, url, status = 200) => {
    const response = await fetch(service.url + url)
    expect(response.status).toBe(status)
    await check(response, path)
  })

  it('every event of the stream, and the refusal of a stream', async () => {
    const stream = subscribe(service)
    await stream.connected
    const { jobId } = await chain.createJob()
    await chain.changeJob('fund', [BigInt(jobId), 1n, 1n])
    await stream.waitFor(2)
    await chain.reorg(2)
    await chain.mine(3)
    await stream.waitFor(({ type }) => type === 'job_removed')
    await stream.waitFor(({ type }) => type === 'ping')
    const down = await startService(unreachable)
    onTestFinished(() => down.close())
    const unavailable = await subscribe(down).waitFor(({ type }) => type === 'unavailable')

    const { content } = document.paths['/api/v1/events'].get.responses['200']
    const described = new Map<string, string>(
      content['text/event-stream'].schema.contentSchema.items.oneOf.map(({ properties }: Document) => [
        properties.event.enum?.[0] ?? properties.event.const,
        properties.data.contentSchema.$ref.split('/').at(-1),
      ]),
    )
    const events = [...stream.events, unavailable]
    expect(new Set(events.map(({ type }) => type))).toEqual(new Set(described.keys()))
    for (const { type, data } of events) {
      const validate = ajv.getSchema(pointer('components', 'schemas', described.get(type) as string))
      expect(validate?.(data), `${type} ${JSON.stringify(validate?.errors)}`).toBe(true)
    }
    const refused = await fetch(`${service.url}/api/v1/events`)
    expect(refused.status).toBe(429)
    await check(refused, '/api/v1/events')
  })

  it('without a key, beyond the rate limit, and without a database', async () => {
    const limited = await startService({
      ...unreachable,
      API_KEYS: KEY,
      RATE_LIMIT: '4',
    })
    try {
      const get = (path: string, headers: Record<string, string> = {}) =>
        fetch(limited.url + path, { headers })
      const answers = [
        ['/api/v1/jobs', await get('/api/v1/jobs'), 401],
        ['/api/v1/jobs', await get('/api/v1/jobs', { 'x-api-key': KEY }), 503],
        ['/api/v1/config', await get('/api/v1/config', { authorization: `Bearer ${KEY}` }), 503],
        ['/api/v1/events', await get(`/api/v1/events?api_key=${KEY}`), 503],
        ['/api/v1/stats', await get('/api/v1/stats', { 'x-api-key': KEY }), 429],
        ['/ready', await get('/ready'), 503],
      ] as const
      for (const [path, response, status] of answers) {
        expect(response.status).toBe(status)
        if (status !== 401) expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
        await check(response, path)
      }
    } finally {
      await limited.close()
    }
  })
})

it('the API reference loads only from its own origin, and its policy forbids anything else', async () => {
  const page = await fetch(`${service.url}/docs`)
  const policy = page.headers.get('content-security-policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toMatch(/https?:/)
  const html = await page.text()
  const assets = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(
    ([, url]) => new URL(url as string, page.url),
  )
  expect(assets.length).toBeGreaterThan(3)
  for (const asset of assets) {
    expect(asset.origin).toBe(service.url)
    const response = await fetch(asset)
    expect(response.status).toBe(200)
    // An unread answer would delay the shutdown.
    await response.arrayBuffer()
  }
  expect(html).not.toMatch(/<script>|<style>/)
})
