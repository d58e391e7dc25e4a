import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DatabaseError } from './database.ts'

const PREFIX = 'lock.'

/**
 * Takes a folder for this process. PGlite does not: two processes on one folder corrupt it.
 *
 * Each process leaves a file named by its pid and its start time, then looks for others: whoever finds a living
 * one gives way. Nobody removes a living process's file, so no order of two starts lets both in, and a file
 * left by `kill -9` is told from a living holder also where its pid was given to another process since.
 * @returns a function that gives the folder back
 * @throws DatabaseError that names the living holder
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const mine = `${PREFIX}${await identity(process.pid)}`
  const unlock = () => rm(join(folder, mine), { force: true })
  await writeFile(join(folder, mine), '', { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
    throw new DatabaseError(`${folder} is already open in this process.`)
  })
  for (const name of await readdir(folder)) {
    if (!name.startsWith(PREFIX) || name === mine) continue
    const pid = Number.parseInt(name.slice(PREFIX.length), 10)
    if (name !== `${PREFIX}${await identity(pid)}`) {
      await rm(join(folder, name), { force: true })
      continue
    }
    await unlock()
    throw new DatabaseError(
      `${folder} is in use by process ${pid}. Stop it, or set DATA_DIR to another folder, or DATABASE_URL to share a Postgres.`,
    )
  }
  return unlock
}

/** A name no other process ever has: pid and start time where /proc tells it; `undefined` where there is no such process. */
async function identity(pid: number): Promise<string | undefined> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
    // The name in parentheses may hold spaces; the start time is the 20th field after it.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // A zombie holds nothing any more; its parent has only not asked for its exit code yet.
    return fields[0] === 'Z' ? undefined : `${pid}.${fields[19]}`
  } catch {
    return process.platform !== 'linux' && isAlive(pid) ? `${pid}` : undefined
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
