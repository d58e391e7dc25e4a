import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import postgres from 'postgres'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../src/contract/jobRegistry.ts'
import { settings } from '../src/settings/settings.ts'
import { openPostgres } from '../src/store/postgres.ts'
import { createTestDataDir } from './helpers/dataDir.ts'
import { type JobcastProcess, runCommand, startProcess } from './helpers/process.ts'
import { unreachable } from './helpers/service.ts'
import { createReader, createSharedDatabase } from './helpers/sharedPostgres.ts'
import { tempDir } from './helpers/tempDir.ts'

let dir: Awaited<ReturnType<typeof tempDir>>
beforeAll(async () => {
  dir = await tempDir()
})
afterAll(async () => {
  await dir?.remove()
})

const folder = () => mkdtempSync(join(dir.path, 'data-'))

/** Settings with an RPC that does not answer. Only indexing needs one that does. */
const { DATABASE_URL: _, ...chainless } = unreachable

/** Starts a process that serves the API from the database. It ends with the test. */
async function serving(env: Record<string, string>): Promise<JobcastProcess> {
  const child = await startProcess({ env: { ...chainless, ...env } })
  onTestFinished(async () => void (await child.kill()))
  await child.untilAnswers()
  return child
}

describe('jobcast', () => {
  it('--help lists every command and every setting', async () => {
    const { code, text } = await runCommand(['--help'])
    expect(code).toBe(0)
    for (const { name } of settings) expect(text).toContain(name)
    for (const command of ['start', 'devnet', 'generate', 'migrate', 'tail', 'reset'])
      expect(text).toMatch(new RegExp(`^ {2}${command}`, 'm'))
  })

  it('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
    expect(await runCommand(['--version'])).toEqual({ code: 0, text: version })
  })
})

it('a .env file is read even if it begins with a byte order mark', async () => {
  const cwd = folder()
  writeFileSync(join(cwd, '.env'), '\uFEFFRATE_LIMIT=none\n')
  const child = await startProcess({ cwd, env: chainless })
  expect((await child.exit).code).toBe(2)
  expect(child.output()).toContain('RATE_LIMIT is "none"')
})

describe('a usage error exits with code 2 and states the error', () => {
  it.each([
    [['strat'], {}, 'no command "strat"'],
    [['start', '--only', 'nothing'], {}, '--only takes indexer or api'],
    [['start', '--nonsense'], {}, '--nonsense'],
    [
      ['start'],
      { PORT: '3000000' },
      /PORT is "3000000".*RPC_URL is missing|RPC_URL is missing.*PORT is "3000000"/s,
    ],
    [['tail', 'nowhere'], {}, /^nowhere is not an http\(s\):\/\/ URL; see jobcast tail --help$/],
    [
      ['tail', 'localhost:3000'],
      {},
      /^localhost:3000 is not an http\(s\):\/\/ URL; see jobcast tail --help$/,
    ],
    [
      ['generate', 'out.ts'],
      {},
      /^out\.ts is not an http\(s\):\/\/ or ws\(s\):\/\/ URL; see jobcast generate --help$/,
    ],
    [['generate', 'localhost:8545'], {}, /^localhost:8545 is not an http\(s\)/],
    [['reset'], {}, 'Give --yes'],
  ])('%j %j', async (args, env, expected) => {
    const { code, text } = await runCommand(args, { DATA_DIR: folder(), ...env })
    expect(code).toBe(2)
    expect(text).toMatch(expected)
    expect(text).not.toMatch(/\n {4}at /)
  })
})

describe('a failure exits with code 1 and states the reason, without a stack', () => {
  it('start, if the port is taken, before anything is created', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as { port: number }
    const DATA_DIR = join(folder(), 'new')
    const { code, text } = await runCommand(['start'], { ...chainless, PORT: String(port), DATA_DIR })
    taken.close()
    expect(existsSync(DATA_DIR)).toBe(false)
    expect(code).toBe(1)
    expect(text).toContain(`Port ${port} is taken`)
    expect(text).not.toMatch(/\n {4}at /)
  })

  it.each([['migrate'], ['reset', '--yes']])('%s, if the database does not answer', async (...args) => {
    const { code, text } = await runCommand(args, {
      DATABASE_URL: 'postgres://nobody:hidden@127.0.0.1:1/none',
    })
    expect(code).toBe(1)
    expect(text).toContain('The database does not answer')
    expect(text).not.toContain('hidden')
    expect(text).not.toMatch(/\n {4}at /)
  })

  it.each([
    ['migrate', /permission denied/],
    ['reset', /must be owner of table/],
  ])('%s of a database that the user must not change', async (command, reason) => {
    const url = await createSharedDatabase()
    if (command === 'reset') await (await openPostgres(url, jobRegistry)).close()
    await refused(command, await createReader(url), reason)
  })

  it.each(['migrate', 'reset'])('%s of a database that does not exist', async (command) => {
    const { href } = new URL('/nowhere', await createSharedDatabase())
    await refused(command, href, /database "nowhere" does not exist/)
  })

  it.each(['migrate', 'reset'])('%s as a user that does not exist', async (command) => {
    const url = await createSharedDatabase()
    await refused(command, url.replace('postgres@', 'nobody@'), /role "nobody" does not exist/)
  })

  async function refused(command: string, url: string, reason: RegExp): Promise<void> {
    const args = command === 'reset' ? ['reset', '--yes'] : [command]
    const { code, text } = await runCommand(args, { DATABASE_URL: url })
    expect(text).toMatch(
      /^The database cannot be used: .*\. Check DATABASE_URL and the rights of its user\.$/,
    )
    expect(text).toMatch(reason)
    expect(code).toBe(1)
  }
})

describe('migrate', () => {
  it('creates the tables or, if they exist, changes nothing, and prints which', async () => {
    const url = await createSharedDatabase()
    expect(await runCommand(['migrate'], { DATABASE_URL: url })).toEqual({
      code: 0,
      text: 'the database was migrated to this version',
    })
    const sql = postgres(url, { max: 1 })
    const before = await sql`select * from cursor`
    expect(before).toHaveLength(1)
    expect(await runCommand(['migrate'], { DATABASE_URL: url })).toEqual({
      code: 0,
      text: 'the database is up to date',
    })
    expect(await sql`select * from cursor`).toEqual(before)
    await sql.end()
  })

  it('prints the same for an embedded database', async () => {
    const env = { DATA_DIR: await createTestDataDir() }
    expect((await runCommand(['migrate'], env)).text).toBe('the database was migrated to this version')
    expect((await runCommand(['migrate'], env)).text).toBe('the database is up to date')
  })
})

describe('reset', () => {
  it('is refused while a process uses the database; afterwards it empties the database, and later ids are greater', async () => {
    const url = await createSharedDatabase()
    const env = { DATABASE_URL: url }
    const child = await serving(env)
    const before = Number((await (await fetch(`${child.url}/api/v1/jobs`)).json()).lastEventId)
    expect(await runCommand(['reset', '--yes'], env)).toMatchObject({
      code: 1,
      text: expect.stringContaining('Stop its processes'),
    })
    await child.stop()
    expect((await runCommand(['reset', '--yes'], env)).code).toBe(0)
    const again = await serving(env)
    expect(Number((await (await fetch(`${again.url}/api/v1/jobs`)).json()).lastEventId)).toBeGreaterThan(
      before,
    )
    await again.stop()
  })
})

describe('the folder of the embedded database', () => {
  it('is refused to a second process and to reset, and can be opened again after kill -9', async () => {
    const env = { DATA_DIR: await createTestDataDir() }
    const first = await serving(env)
    for (const args of [['start'], ['reset', '--yes']]) {
      const second = await runCommand(args, { ...chainless, ...env })
      expect(second.code).toBe(1)
      expect(second.text).toContain(`is in use by process ${first.pid}`)
    }
    expect((await fetch(`${first.url}/api/v1/jobs`)).status).toBe(200)
    await first.kill('SIGKILL')
    const third = await serving(env)
    expect((await fetch(`${third.url}/api/v1/jobs`)).status).toBe(200)
    expect((await third.stop()).code).toBe(0)
    expect((await runCommand(['reset', '--yes'], env)).code).toBe(0)
  })
})
