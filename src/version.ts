import { readFileSync } from 'node:fs'

/** Version of this package, from its package.json. */
export const version: string = JSON.parse(
  readFileSync(new URL(import.meta.resolve('#root/package.json')), 'utf8'),
).version
