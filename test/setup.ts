import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { TestProject } from 'vitest/node'
import { createTemplate } from './helpers/dataDir.ts'

/** Builds `dist/` once before the tests, because what they start as a process is what a user starts. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const [template] = await Promise.all([createTemplate(), build()])
  project.provide('dataDirTemplate', template.path)
  project.onTestsRerun(build)
  return template.remove
}

async function build(): Promise<void> {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd }).catch(({ stdout, stderr }) => {
    throw new Error(`npm run build failed:\n${stdout}${stderr}`)
  })
}
