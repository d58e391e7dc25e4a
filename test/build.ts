import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { TestProject } from 'vitest/node'

/** Builds `dist/` once before the tests: what they start as a process is what a user starts. */
export default function setup(project: TestProject): void {
  build()
  project.onTestsRerun(build)
}

function build(): void {
  const cwd = fileURLToPath(new URL('..', import.meta.url))
  execFileSync('npm', ['run', '--silent', 'build'], { cwd, stdio: 'inherit' })
}
