import { existsSync } from 'node:fs'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import getPort from 'get-port'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCommand, startProcess } from '../helpers/process.ts'
import { unreachable } from '../helpers/service.ts'
import { tempDir } from '../helpers/tempDir.ts'

let dir: Awaited<ReturnType<typeof tempDir>>
beforeAll(async () => {
  dir = await tempDir()
})
afterAll(() => dir?.remove())

const { DATABASE_URL, ...chainless } = unreachable

describe('a wrong setting ends the process with code 2, without its secret and without a stack', () => {
  it.each([
    [{ DATABASE_URL: 'postgres://user:s3cr#et@db/jobs' }, /^ {2}DATABASE_URL is not valid/m],
    [{ DATABASE_URL: 'postgres://user:s3cret%zz@db/jobs' }, /^ {2}DATABASE_URL is not valid/m],
    [{ DATABASE_URL: 'postgres://user:s3cret@a:1,b:2/jobs' }, /^ {2}DATABASE_URL is not valid/m],
    [{ RPC_URL: 'http://rpc:port/s3cret' }, /^ {2}RPC_URL is not valid/m],
    [{ TRUST_PROXY: 'x' }, /^ {2}TRUST_PROXY is "x"/m],
    [{ PORT: 'http://user:s3cret@rpc/s3cret' }, /^ {2}PORT is "http:\/\/rpc\/\[redacted\]"/m],
    [
      { DATABASE_URL, HOST: 'no-such-host.invalid' },
      /^HOST is "no-such-host.invalid", which does not resolve/m,
    ],
    [{ DATABASE_URL, HOST: '192.0.2.1' }, /^HOST is "192.0.2.1", which is not an address of this machine/m],
    [{ DATA_DIR: '/dev/null/folder' }, /^DATA_DIR is "\/dev\/null\/folder", which cannot be used/m],
  ])('%j', async (env, expected) => {
    const { code, text } = await runCommand(['start'], {
      ...chainless,
      DATA_DIR: join(dir.path, 'data'),
      ...env,
    })
    expect(text).toMatch(expected)
    expect(text).not.toMatch(/s3cr|\n {4}at /)
    expect(code).toBe(2)
  })

  it('HOST is checked before anything is created', async () => {
    const DATA_DIR = join(dir.path, 'new')
    const { code, text } = await runCommand(['start'], { ...chainless, DATA_DIR, HOST: '192.0.2.1' })
    expect(text).toMatch(/^HOST is "192\.0\.2\.1", which is not an address of this machine\. Set HOST to /)
    expect(existsSync(DATA_DIR)).toBe(false)
    expect(code).toBe(2)
  })

  it.skipIf(process.platform !== 'linux')('DATA_DIR=/proc/…, where mkdir never returns', async () => {
    const { code, text } = await runCommand(['start'], { ...chainless, DATA_DIR: '/proc/jobcast/data' })
    expect(text).toContain('DATA_DIR is "/proc/jobcast/data", which cannot be used')
    expect(code).toBe(2)
  })

  it('reset of a folder that does not exist', async () => {
    const missing = join(dir.path, 'missing')
    expect(await runCommand(['reset', '--yes'], { DATA_DIR: missing })).toEqual({
      code: 2,
      text: `DATA_DIR is "${missing}", and there is no such folder: nothing was deleted.`,
    })
  })

  it('reset of a DATA_DIR that is a file', async () => {
    expect(await runCommand(['reset', '--yes'], { DATA_DIR: '/dev/null' })).toEqual({
      code: 2,
      text: 'DATA_DIR is "/dev/null", and there is no such folder: nothing was deleted.',
    })
  })

  it('reset of a folder that cannot be locked', async () => {
    const locked = join(dir.path, 'locked')
    await mkdir(join(locked, 'pglite'), { recursive: true })
    await mkdir(join(locked, 'lock-1'))
    const { code, text } = await runCommand(['reset', '--yes'], { DATA_DIR: locked })
    expect(text).toMatch(/^DATA_DIR is ".*locked", which cannot be used: EISDIR.*$/)
    expect(code).toBe(2)
  })
})

it('reset of a folder without a database deletes nothing', async () => {
  const before = await readdir(dir.path)
  expect((await runCommand(['reset', '--yes'], { DATA_DIR: dir.path })).code).toBe(0)
  expect(await readdir(dir.path)).toEqual(before)
})

it('a database whose host does not resolve is reported as not answering', async () => {
  const { code, text } = await runCommand(['migrate'], {
    DATABASE_URL: 'postgres://u:s3cret@no-such-host.invalid/x',
  })
  expect(text).toMatch(/^The database does not answer: /)
  expect(text).not.toContain('s3cret')
  expect(code).toBe(1)
})

it('generate without a chain names the URL that does not answer, in one line', async () => {
  const port = await getPort()
  const { code, text } = await runCommand(['generate', `http://127.0.0.1:${port}/s3cret`])
  expect(text).toMatch(new RegExp(`^http://127.0.0.1:${port}.*ECONNREFUSED.*$`))
  expect(text).not.toContain('s3cret')
  expect(code).toBe(1)
})

describe('a misspelt setting', () => {
  it('is logged as a warning', async () => {
    const child = await startProcess({
      env: { ...unreachable, MAX_STREAM: '1', HOSTS: 'x' },
    })
    try {
      const line = await child.waitForLog(/not a setting/)
      expect(line).toMatchObject({
        level: 'warn',
        msg: 'MAX_STREAM is not a setting; did you mean MAX_STREAMS?',
      })
      await child.waitForLog(/listens on/)
      expect(child.logs.filter((each) => /not a setting/.test(String(each.msg)))).toHaveLength(1)
    } finally {
      await child.stop()
    }
  })

  it('is named together with a missing setting', async () => {
    const { code, text } = await runCommand(['start'], { RPC_URL: chainless.RPC_URL, CONTRACT_ADRESS: '0x' })
    expect(text).toContain('CONTRACT_ADDRESS is missing')
    expect(text).toContain('CONTRACT_ADRESS is not a setting; did you mean CONTRACT_ADDRESS?')
    expect(code).toBe(2)
  })

  it('is reported by reset too', async () => {
    const { text } = await runCommand(['reset', '--yes'], {
      DATABSE_URL: 'x',
      DATA_DIR: join(dir.path, 'missing'),
    })
    expect(text).toContain('DATABSE_URL is not a setting; did you mean DATABASE_URL?')
  })
})

describe('help of one command', () => {
  it.each([
    ['start', '--only indexer'],
    ['devnet', '--contract <name>'],
    ['generate', 'rpc url'],
    ['migrate', 'Migrate the database to this version'],
    ['reset', '--yes'],
    ['tail', 'Usage: jobcast tail'],
  ])('%s --help', async (command, expected) => {
    const { code, text } = await runCommand([command, '--help'])
    expect(code).toBe(0)
    expect(text).toContain(expected)
    expect(text).toContain(`Usage: jobcast ${command}`)
    // The help of this command only.
    expect(text).not.toContain('DATABASE_CONNECTIONS')
    if (command !== 'devnet') expect(text).not.toContain('simulated market')
  })

  it('is refused for an unknown command', async () => {
    const { code, text } = await runCommand(['strat', '--help'])
    expect(code).toBe(2)
    expect(text).toContain('no command "strat"')
  })
})
