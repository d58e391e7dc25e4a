import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { devClient } from '../../src/devnet/client.ts'
import { type Devnet, startDevnet } from '../../src/devnet/devnet.ts'
import { PortTakenError } from '../../src/errors.ts'
import { until } from '../helpers/until.ts'

const undo: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step()
})

/** A server in place of Jobcast: it listens on PORT and can be closed. */
async function serve(env: Record<string, string>): Promise<{ url: string; close(): Promise<void> }> {
  const server = await listen(Number(env.PORT))
  return {
    url: `http://127.0.0.1:${env.PORT}`,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

async function listen(port: number): Promise<Server> {
  const server = createServer((_, response) => response.end())
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, resolve))
  return server
}

async function start(options: Partial<Parameters<typeof startDevnet>[0]> = {}) {
  let env: Record<string, string> = {}
  const lines: string[] = []
  const net: Devnet = await startDevnet({
    everyMs: 50,
    log: (line) => lines.push(line),
    ...options,
    start: (given) => {
      env = given
      return (options.start ?? serve)(given)
    },
  })
  undo.push(net.close)
  return { net, env, lines }
}

test.each([
  // The default.
  ['job-registry', {}],
  ['erc8183', { contract: 'erc8183' }],
] as const)(
  'starts a chain with past jobs of %s, a service on it, and a market',
  async (contract, options) => {
    const { net, env, lines } = await start(options)
    expect(env).toEqual({
      RPC_URL: net.rpcUrl.replace('http', 'ws'),
      CONTRACT: contract,
      CONTRACT_ADDRESS: net.address,
      DATA_DIR: net.dataDir,
      PORT: new URL(net.url).port,
    })

    const client = devClient(net.rpcUrl)
    const logs = await client.getLogs({ address: net.address, fromBlock: 0n })
    const now = Date.now() / 1000
    const first = await client.getBlock({ blockNumber: logs[0]?.blockNumber as bigint })
    expect(logs.length).toBeGreaterThan(100)
    expect(now - Number(first.timestamp)).toBeGreaterThan(1_800)

    const last = logs.at(-1)?.blockNumber as bigint
    const newest = await until(
      async () => {
        const block = await client.getBlock()
        return block.number > last + 20n && block
      },
      { message: 'new jobs are mined' },
    )
    expect(Math.abs(now - Number(newest.timestamp))).toBeLessThan(60)

    const text = lines.join('\n')
    expect(text).toContain(`curl -N ${net.url}/api/v1/events`)
    expect(text).toContain(`curl ${net.url}/api/v1/jobs`)
    expect(text).toContain(`${net.url}/docs`)
    expect(text).toContain(`${contract} at ${net.address}`)
  },
)

test('a devnet that is closed leaves no chain, no service and no folder', async () => {
  const { net } = await start({
    // Like Jobcast, it creates the folder of the database.
    start: async (env) => {
      await mkdir(env.DATA_DIR as string)
      await writeFile(join(env.DATA_DIR as string, 'file'), '')
      return serve(env)
    },
  })
  expect(existsSync(net.dataDir)).toBe(true)
  await Promise.all([net.close(), net.close()])
  await expect(fetch(net.url)).rejects.toThrow()
  await expect(fetch(net.rpcUrl)).rejects.toThrow()
  expect(existsSync(dirname(net.dataDir))).toBe(false)
})

test('a devnet skips ports that are taken, so that two devnets run side by side', async () => {
  const other = await listen(0)
  undo.push(() => new Promise((resolve) => other.close(resolve)))
  const { port } = other.address() as AddressInfo
  const one = await start({ port, chainPort: port })
  const two = await start({ port, chainPort: port })
  const ports = [one, two].flatMap(({ net }) => [net.url, net.rpcUrl].map((url) => Number(new URL(url).port)))
  expect(new Set(ports).size).toBe(4)
  expect(Math.min(...ports)).toBeGreaterThan(port)
  expect(two.net.dataDir).not.toBe(one.net.dataDir)
})

test('a devnet takes the next port if another program listens first on the one that was found', async () => {
  const found: number[] = []
  const { net } = await start({
    async start(env) {
      found.push(Number(env.PORT))
      if (found.length > 1) return serve(env)
      const other = await listen(Number(env.PORT))
      undo.push(() => new Promise((resolve) => other.close(resolve)))
      throw new PortTakenError('taken')
    },
  })
  expect(found).toHaveLength(2)
  expect(found[1]).toBeGreaterThan(found[0] as number)
  expect(net.url).toBe(`http://127.0.0.1:${found[1]}`)
})

test('a devnet whose service does not start fails with the reason and leaves nothing', async () => {
  let env: Record<string, string> = {}
  const failing = start({
    start: async (given) => {
      env = given
      throw new Error('no room')
    },
  })
  await expect(failing).rejects.toThrow('no room')
  expect(existsSync(dirname(env.DATA_DIR as string))).toBe(false)
  await expect(fetch((env.RPC_URL as string).replace('ws', 'http'))).rejects.toThrow()
})
