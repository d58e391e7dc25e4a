import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { mutations } from './mutationList.ts'
import { mutate } from './mutations.ts'

const source = ({ file }: { file: string }) =>
  readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')

it.each(mutations)('the mutation "$name" matches exactly one place of the code', (mutation) => {
  expect(mutate(source(mutation), mutation)).not.toBe(source(mutation))
})

it('a mutation is refused if its place or its piece of code does not occur exactly once', () => {
  const text = 'function first() {\n  return 1 + 1\n}\n\nfunction second() {\n  return 2\n}\n'
  const mutation = { name: 'm', file: 'f', place: 'first', find: '1 + 1', replace: '3' }
  expect(mutate(text, mutation)).toBe(text.replace('1 + 1', '3'))
  expect(() => mutate(text, { ...mutation, find: '1' })).toThrow('2 times')
  expect(() => mutate(text, { ...mutation, find: '2' })).toThrow('0 times')
  expect(() => mutate(text, { ...mutation, place: 'third' })).toThrow('0 times')
  expect(() => mutate(text + text, mutation)).toThrow('2 times')
})
