import { rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const kept = new Set<string>()
process.on('exit', () => {
  for (const path of kept) rmSync(path, { recursive: true, force: true })
})

/** Creates a temporary folder. It is removed by `remove()`, or when this process exits. */
export async function tempDir(): Promise<{ path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), 'jobcast-test-'))
  kept.add(path)
  return {
    path,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
      kept.delete(path)
    },
  }
}
