import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onExit } from 'signal-exit'

interface WorkDir {
  path: string
  remove(): void
}

/** Creates a new folder for temporary files. It is removed by `remove()`, or when this process ends. */
export function createWorkDir(): WorkDir {
  const path = mkdtempSync(join(tmpdir(), 'jobcast-devnet-'))
  const removeFolder = () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  // Runs last, after the processes that write to the folder were ended.
  const unregister = onExit(removeFolder, { alwaysLast: true })
  return {
    path,
    remove() {
      removeFolder()
      unregister()
    },
  }
}
