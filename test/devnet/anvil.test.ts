import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, test } from 'vitest'
import { type Anvil, type AnvilOptions, startAnvil } from '../../src/devnet/anvil.ts'
import { endWithParent } from '../../src/devnet/guard.ts'
import { tempDir } from '../helpers/tempDir.ts'
import { until } from '../helpers/until.ts'

const running: Anvil[] = []
const removals: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((anvil) => anvil.stop()))
  await Promise.all(removals.splice(0).map((remove) => remove()))
})

async function start(options: AnvilOptions = {}): Promise<Anvil> {
  const anvil = await startAnvil(options)
  running.push(anvil)
  return anvil
}

async function call(url: string, method: string): Promise<unknown> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: [] }),
  })
  return ((await response.json()) as { result: unknown }).result
}

const answers = (url: string) =>
  call(url, 'eth_blockNumber').then(
    () => true,
    () => false,
  )

test('anvil takes a free port, passes arguments on, and is gone after stop()', async () => {
  const [one, two] = await Promise.all([start(), start({ args: ['--chain-id', '4242'] })])
  expect(one.port).not.toBe(two.port)
  expect(await call(one.url, 'eth_chainId')).toBe('0x7a69')
  expect(await call(two.url, 'eth_chainId')).toBe('0x1092')
  await one.stop()
  expect(await answers(one.url)).toBe(false)
  expect(await answers(two.url)).toBe(true)
})

test('anvil reports that its port is taken', async () => {
  const { port } = await start()
  await expect(startAnvil({ port })).rejects.toThrow(`Port ${port} of 127.0.0.1 is taken by another process`)
})

test('an anvil that does not start fails with its output', async () => {
  await expect(startAnvil({ args: ['--no-such-flag'] })).rejects.toThrow(
    /unexpected argument '--no-such-flag'/,
  )
})

test('stop() ends an anvil that hangs', async () => {
  const anvil = await start()
  anvil.kill('SIGSTOP')
  await anvil.stop()
  expect(await answers(anvil.url)).toBe(false)
})

/**
 * Starts a process that starts an anvil and then runs `code`. `folders` lists its temporary folders
 * that exist.
 */
async function startParent(
  code: string,
): Promise<{ parent: ChildProcess; url: string; folders(): string[] }> {
  const temporary = await tempDir()
  removals.push(temporary.remove)
  const module = new URL('../../src/devnet/anvil.ts', import.meta.url).href
  const parent = spawn(
    process.execPath,
    [
      '--import=tsx',
      '--input-type=module',
      '--eval',
      `import { startAnvil } from '${module}'
       const anvil = await startAnvil()
       setInterval(() => {}, 1000)
       ${code}
       console.log(anvil.url)`,
    ],
    {
      cwd: fileURLToPath(new URL('../../', import.meta.url)),
      env: { ...process.env, TMPDIR: temporary.path },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  endWithParent(parent)
  const [url] = (await once(createInterface({ input: parent.stdout }), 'line')) as [string]
  return {
    parent,
    url,
    folders: () => readdirSync(temporary.path).filter((name) => name.startsWith('jobcast-devnet-')),
  }
}

describe.skipIf(process.platform === 'win32')('ends with the process that started it', () => {
  test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('after %s', async (signal) => {
    const { parent, url, folders } = await startParent('')
    expect(await answers(url)).toBe(true)
    expect(folders()).toHaveLength(1)
    const exit = once(parent, 'exit')
    parent.kill(signal)
    expect(await exit).toEqual([null, signal])
    await until(async () => !(await answers(url)), { message: 'anvil is gone' })
    expect(folders()).toEqual([])
  })

  test.each([
    ['an uncaught error', "throw new Error('uncaught')", 1],
    ['process.exit()', 'process.exit(3)', 3],
  ])('after %s', async (_, code, exitCode) => {
    const { parent, url, folders } = await startParent(`setTimeout(() => { ${code} }, 100)`)
    expect(await once(parent, 'exit')).toEqual([exitCode, null])
    await until(async () => !(await answers(url)), { message: 'anvil is gone' })
    expect(folders()).toEqual([])
  })

  test('and not before, if that process handles the signal', async () => {
    // Like close-with-grace, the handler runs once and exits itself.
    const { parent, url, folders } = await startParent(
      "process.once('SIGTERM', () => fetch(anvil.url).then(() => process.exit(5), () => process.exit(6)))",
    )
    const exit = once(parent, 'exit')
    parent.kill('SIGTERM')
    expect(await exit).toEqual([5, null])
    await until(async () => !(await answers(url)), { message: 'anvil is gone' })
    expect(folders()).toEqual([])
  })
})
