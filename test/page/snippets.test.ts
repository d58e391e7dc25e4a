import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { load } from './load.ts'

beforeAll(() => {
  vi.stubGlobal('location', { search: '', hash: '', href: 'http://127.0.0.1:3000/docs' })
  vi.stubGlobal('document', { addEventListener() {}, getElementById: () => ({}) })
})
afterAll(() => vi.unstubAllGlobals())

test('a curl command is one command of a shell, whatever the URL holds', async () => {
  const { curlCode } = await load('snippets')
  const command = curlCode(`http://127.0.0.1:3000/api/v1/jobs/a'b;exit 3;'$(exit 4)`)
  const { stdout } = await promisify(execFile)('sh', ['-c', command.replace(/^curl/, "printf '%s\\n'")])
  expect(stdout).toBe('http://127.0.0.1:3000/api/v1/jobs/a%27b;exit 3;%27$(exit 4)\n')
})
