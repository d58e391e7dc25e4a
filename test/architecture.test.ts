import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))
const client = fileURLToPath(new URL('../client/src', import.meta.url))

function specifiers(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/(?:from|import\(?) ?'([^']+)'/g)].map(
    ([, name]) => name as string,
  )
}

function imports(file: string): string[] {
  return specifiers(file)
    .filter((name) => name.startsWith('.'))
    .map((path) => relative(src, resolve(file, '..', path)))
}

const sources = (folder: string) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const files = sources(src)
const room = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file)

/**
 * The rooms, and the rooms that each may import. `feed` and `http` serve clients: they know the database, not
 * the chain.
 */
const ROOMS: Record<string, string[]> = {
  contract: [],
  observe: [],
  chain: ['observe'],
  store: ['contract', 'observe'],
  indexer: ['contract', 'observe', 'chain', 'store'],
  feed: ['contract', 'observe', 'store'],
  http: ['contract', 'observe', 'store', 'feed'],
}
/** Modules of the top folder that any room may import. */
const LEAVES = [
  'config.ts',
  'deadline.ts',
  'errors.ts',
  'memoize.ts',
  'messages.ts',
  'repeat.ts',
  'events.ts',
  'transientMap.ts',
  'version.ts',
]

describe('the rooms', () => {
  it('a room imports only from itself, from the rooms of its list and from leaf modules', () => {
    const wrong = files
      .filter((file) => room(file) in ROOMS)
      .flatMap((file) => imports(join(src, file)).map((to) => ({ file, to })))
      .filter(({ to }) => !LEAVES.includes(to) && !to.startsWith('../abi/'))
      .filter(({ file, to }) => room(to) !== room(file) && !ROOMS[room(file)]?.includes(room(to)))
    expect(files.length).toBeGreaterThan(20)
    expect(wrong).toEqual([])
  })

  it('only a definition, its ABI and the devnet mention fields of a contract by name', () => {
    const fields =
      /\b(clientId|providerId|evaluatorId|strategyType|verificationLevel|onchainDeadline|paymentToken|expiredAt)\b/
    const allowed = ['contract/jobRegistry.ts', 'contract/erc8183.ts']
    const naming = files.filter(
      (file) => room(file) !== 'devnet' && fields.test(readFileSync(join(src, file), 'utf8')),
    )
    expect(naming.filter((file) => !allowed.includes(file))).toEqual([])
  })

  it('the client imports only its own files and its one dependency, and the server imports the client by path', () => {
    const own = sources(client)
    const { dependencies } = JSON.parse(readFileSync(join(client, '../package.json'), 'utf8'))
    const foreign = own
      .flatMap((file) => specifiers(join(client, file)).map((name) => ({ file, name })))
      .filter(({ name }) => !/^\.\/[^/]+$/.test(name))
    expect(own.length).toBeGreaterThan(10)
    expect([...new Set(foreign.map(({ name }) => name))]).toEqual(Object.keys(dependencies))
    // The server's package does not depend on jobcast-client: an import by name would fail once installed.
    expect(files.filter((file) => specifiers(join(src, file)).includes('jobcast-client'))).toEqual([])
  })

  it('the server loads viem/utils and not all of viem', () => {
    const loading = files
      .filter((file) => room(file) !== 'devnet')
      .filter((file) => /^(?!import type ).* from 'viem'$/m.test(readFileSync(join(src, file), 'utf8')))
    expect(loading).toEqual([])
  })

  it('only the configuration and the command line read process.env', () => {
    const readers = files.filter((file) => readFileSync(join(src, file), 'utf8').includes('process.env'))
    expect(readers.sort()).toEqual(['cli/main.ts', 'config.ts'])
  })
})
