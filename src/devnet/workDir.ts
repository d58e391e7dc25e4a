import { rmSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

// The host's name, because containers may share /tmp and not their pids.
const PREFIX = `jobcast-devnet-${hostname().replace(/[^\w.]/g, '_')}-`

export interface WorkDir {
  path: string
  /** Synchronous, so that it can run in an exit handler. */
  remove(): void
}

/**
 * A new folder that bears this process's pid; whoever made it removes it. What a killed process left behind goes by
 * {@link removeStaleWorkDirs}.
 */
export async function createWorkDir(parent: string = tmpdir()): Promise<WorkDir> {
  const path = await mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
  return {
    path,
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 }),
  }
}

/** Removes the folders of processes that are gone; resolves with their names. */
export async function removeStaleWorkDirs(parent: string = tmpdir()): Promise<string[]> {
  const stale = (await readdir(parent)).filter((name) => {
    const pid = name.startsWith(PREFIX) && /^(\d+)-/.exec(name.slice(PREFIX.length))?.[1]
    return pid && !isAlive(Number(pid))
  })
  // Another user's folder stays: it is not ours to remove, and no reason not to start.
  await Promise.all(
    stale.map((name) => rm(join(parent, name), { recursive: true, force: true }).catch(() => {})),
  )
  return stale
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'
  }
}
