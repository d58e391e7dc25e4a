import { readdirSync, readFileSync } from 'node:fs'
import { join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const src = fileURLToPath(new URL('../src', import.meta.url))

function imports(file: string): string[] {
  return [...readFileSync(file, 'utf8').matchAll(/from '(\.[^']+)'/g)].map(([, path]) =>
    relative(src, resolve(file, '..', path as string)),
  )
}

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
const room = (file: string) => (file.includes('/') ? file.slice(0, file.indexOf('/')) : file)

describe('the rooms', () => {
  it('chain, store and http never import one another', () => {
    const rooms = ['chain', 'store', 'http']
    const wrong = files
      .filter((file) => rooms.includes(room(file)))
      .flatMap((file) => imports(join(src, file)).map((to) => ({ file, to })))
      .filter(({ file, to }) => rooms.includes(room(to)) && room(to) !== room(file))
    expect(files.length).toBeGreaterThan(20)
    expect(wrong).toEqual([])
  })

  it('only the configuration, the devnet and the command read process.env', () => {
    const readers = files.filter((file) => readFileSync(join(src, file), 'utf8').includes('process.env'))
    expect(
      readers.filter((file) => !['config.ts', 'main.ts'].includes(file) && room(file) !== 'devnet'),
    ).toEqual([])
  })
})
