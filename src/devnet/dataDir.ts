import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'

// The host's name, because containers may share /tmp and not their pids.
const PREFIX = `jobcast-devnet-${hostname().replace(/[^\w.]/g, '_')}-`

/** A new folder for this process's devnet. A devnet that was killed leaves its own behind: see {@link removeStale}. */
export function createDataDir(parent: string = tmpdir()): Promise<string> {
  return mkdtemp(join(parent, `${PREFIX}${process.pid}-`))
}

/** Removes the folders of devnets whose process is gone; resolves with their names. */
export async function removeStale(parent: string = tmpdir()): Promise<string[]> {
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
