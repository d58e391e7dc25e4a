import { readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { openPglite } from '../../src/store/pglite.ts'
import { createTestDataDir } from '../helpers/dataDir.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import { unreachable } from '../helpers/service.ts'

const { DATABASE_URL: _, ...chainless } = unreachable

/** Starts a process without an RPC. It ends with the test. */
async function start(env: Record<string, string>): Promise<JobcastProcess> {
  const child = await startProcess({ env: { ...chainless, ...env } })
  onTestFinished(async () => void (await child.kill()))
  return child
}

it('a process exits if the lock file of its embedded database is removed', async () => {
  const path = await createTestDataDir()
  const child = await start({ DATA_DIR: path })
  await child.untilAnswers()
  for (const name of readdirSync(path)) if (name.startsWith('lock-')) rmSync(join(path, name))
  expect((await child.exit).code).toBe(1)
  expect(child.logs.at(-1)?.msg ?? JSON.stringify(child.logs)).toContain('was taken over')
})

it('an embedded database is taken over from a paused process, which exits without another write when it continues', async () => {
  const env = { DATA_DIR: await createTestDataDir() }
  const first = await start(env)
  await first.untilAnswers()
  await first.kill('SIGSTOP')
  const second = await start(env)
  await second.untilAnswers('/health', { timeout: 50_000 })
  await first.kill('SIGCONT')
  expect((await first.exit).code).toBe(1)
  expect(first.logs.some((line) => /was taken over by another process/.test(String(line.msg)))).toBe(true)
  expect((await fetch(`${second.url}/api/v1/jobs`)).status).toBe(200)
  expect((await second.stop()).code).toBe(0)
  // The files are still a valid database.
  await (await openPglite(env.DATA_DIR, jobRegistry)).close()
})
