#!/usr/bin/env node
// A clone that has not been built runs from its sources, so that every command works after `npm install`.
import { existsSync } from 'node:fs'

if (existsSync(new URL('../dist/src/cli/main.js', import.meta.url))) await import('../dist/src/cli/main.js')
else {
  const { register } = await import('tsx/esm/api')
  register()
  await import('../src/cli/main.ts')
}
