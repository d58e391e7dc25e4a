import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from './helpers/anvil.ts'
import { createDataDir } from './helpers/dataDir.ts'
import { startPostgres } from './helpers/postgres.ts'
import { startProcess } from './helpers/process.ts'
import { proxyTo } from './helpers/serveChain.ts'
import { until } from './helpers/until.ts'

const secrets = {
  path: '0123456789abcdef0123456789abcdef',
  query: 'query-key-of-the-rpc',
  user: 'user-name-of-rpc',
  rpcPassword: 'rpc-p4ssword',
  databasePassword: 'database-p4ss%20word',
  decodedPassword: 'database-p4ss word',
  apiKey: 'api-key-of-a-client',
  wrongKey: 'key-that-is-not-ours',
}

let chain: TestChain
beforeAll(async () => {
  chain = await startChain()
})
afterAll(() => chain?.stop())

it('a first start logs each step that may take long before that step begins', async () => {
  const folder = await createDataDir()
  const child = await startProcess({
    env: { RPC_URL: chain.url, CONTRACT_ADDRESS: chain.address, DATA_DIR: folder.path },
  })
  try {
    await child.waitForLog(({ msg }) => msg === 'indexing', { timeout: 50_000 })
    const messages = child.logs.map(({ msg }) => msg)
    expect(messages[0]).toBe(`opening the database in ${folder.path}`)
    const search = messages.indexOf("searching for the contract's first block")
    expect(search).toBeGreaterThan(0)
    expect(messages.indexOf('indexing')).toBeGreaterThan(search)
  } finally {
    await child.stop()
    await folder.remove()
  }
})

it('no secret is in the output of the process, even at log level trace and if the RPC and the database fail', async () => {
  const proxy = await proxyTo(chain)
  const server = await startPostgres()
  onTestFinished(() => server.stop())
  const withKeys = new URL(`${proxy.url}/v3/${secrets.path}?key=${secrets.query}`)
  withKeys.username = secrets.user
  withKeys.password = secrets.rpcPassword
  const database = new URL(await server.createDatabase())
  database.password = secrets.databasePassword
  const child = await startProcess({
    env: {
      RPC_URL: `${withKeys.href},http://127.0.0.1:1/v3/${secrets.path}`,
      CONTRACT_ADDRESS: chain.address,
      DATABASE_URL: database.href,
      API_KEYS: secrets.apiKey,
      LOG_LEVEL: 'trace',
      POLL_INTERVAL_MS: '100',
    },
  })
  try {
    await child.untilAnswers('/ready')
    const get = (path: string, headers: Record<string, string> = {}) => fetch(child.url + path, { headers })
    await get(`/api/v1/jobs?api_key=${secrets.apiKey}`, { 'x-request-id': 'id-of-the-proxy' })
    await get(`/api/v1/jobs?api_key=${secrets.wrongKey}&nonsense=1`)
    await get(`/api/v1/nothing?api_key=${secrets.apiKey}`)
    await get('/api/v1/jobs', { 'x-api-key': secrets.wrongKey })
    // Each request is one line, with its id and without its query.
    const line = await child.waitForLog((each) => each.reqId === 'id-of-the-proxy')
    expect(line).toMatchObject({ level: 'debug', method: 'GET', route: '/api/v1/jobs', status: 200 })

    proxy.fault = () => ({ status: 500, body: `no such key: ${secrets.path}` })
    await child.waitForLog(/indexing failed/)
    proxy.fault = () => ({ error: { code: -32000, message: `bad key ${secrets.query}` } })
    const failures = () => child.logs.filter((each) => /RPC request failed/.test(String(each.msg))).length
    const before = failures()
    await until(() => failures() > before + 3, { message: 'refused requests are logged' })
    await proxy.down('refuse')
    const later = failures()
    await until(() => failures() > later, { message: 'requests without an answer are logged' })
    await server.halt()
    await child.waitForLog(/cannot read the database/)
    await get(`/api/v1/jobs?api_key=${secrets.apiKey}`)
  } finally {
    await child.stop()
  }
  expect(child.logs.length).toBeGreaterThan(20)
  for (const each of child.logs)
    if (each.text === undefined)
      expect(each).toMatchObject({
        level: expect.any(String),
        time: expect.any(String),
        msg: expect.any(String),
      })
  const output = child.output()
  for (const [name, secret] of Object.entries(secrets)) expect(output.includes(secret), name).toBe(false)
  // Otherwise no line held a secret, and the test proves nothing.
  expect(output).toContain('[redacted]')
  // The host is shown, because it identifies the endpoint.
  expect(output).toContain(`127.0.0.1:${proxy.port}`)
})
