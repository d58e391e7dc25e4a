import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { FailedError } from '../src/cli/errors.ts'
import { tail } from '../src/cli/tail.ts'
import type { Service } from './helpers/service.ts'
import { createSharedDatabase } from './helpers/sharedPostgres.ts'
import { openWriter, serveDatabase, type Writer } from './helpers/writer.ts'

const RIGHT = 'correct-horse'
const WRONG = 'wrong-horse'

let writer: Writer
let server: Service
beforeAll(async () => {
  const databaseUrl = await createSharedDatabase()
  writer = await openWriter(databaseUrl)
  await writer.add({})
  server = await serveDatabase(databaseUrl, { API_KEYS: RIGHT })
})
afterAll(async () => {
  await server?.close()
  await writer?.close()
})

/** Runs `jobcast tail` with the history until its first line, or until it fails. It ends with the test. */
async function firstLine(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const control = new AbortController()
  onTestFinished(() => control.abort())
  const stdout = new PassThrough()
  const io = { stdout, stderr: new PassThrough(), signal: control.signal, env }
  const failed = tail([server.url, '--since', 'all', ...args], io).then(() => [])
  return String(await Promise.race([once(stdout, 'data'), failed]))
}

test.each<[string, string[], NodeJS.ProcessEnv]>([
  ['--api-key', ['--api-key', RIGHT], {}],
  ['JOBCAST_API_KEY', [], { JOBCAST_API_KEY: RIGHT }],
  ['--api-key if JOBCAST_API_KEY is set too', ['--api-key', RIGHT], { JOBCAST_API_KEY: WRONG }],
])('tail sends the key of %s', async (_which, args, env) => {
  expect(JSON.parse(await firstLine(args, env))).toMatchObject({ type: 'job_created', data: { jobId: '1' } })
})

test.each<[string, string[], NodeJS.ProcessEnv]>([
  ['no key', [], {}],
  ['a wrong --api-key and a right JOBCAST_API_KEY', ['--api-key', WRONG], { JOBCAST_API_KEY: RIGHT }],
])('with %s, tail fails with the message of the server', async (_which, args, env) => {
  const failed = firstLine(args, env)
  await expect(failed).rejects.toBeInstanceOf(FailedError)
  await expect(failed).rejects.toThrow('the API key is missing or wrong')
})
