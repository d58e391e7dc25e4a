import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { createTemplate } from './helpers/dataDir.ts'
import { startPostgres } from './helpers/postgres.ts'

/**
 * Prepares what all test files share: `dist/`, a Postgres server, and a folder with an initialized embedded
 * database. The processes that tests start run from `dist/`, as those of users do.
 */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [template, postgres] = await Promise.all([createTemplate(), startPostgres(), build()])
  project.provide('dataDirTemplate', template.path)
  project.provide('sharedPostgresUrl', postgres.url)
  project.onTestsRerun(build)
  return async () => {
    await Promise.all([template.remove(), postgres.stop()])
  }
}

async function build(): Promise<void> {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd }).catch(({ stdout, stderr }) => {
    throw new Error(`npm run build failed:\n${stdout}${stderr}`)
  })
}
