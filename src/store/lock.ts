import { closeSync, existsSync, ftruncateSync, rmSync, writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { DatabaseError } from './database.ts'
import { createLockFile, lockFile, lockNumbers, newestLock, readLockFile } from './lockFiles.ts'

const HEARTBEAT_MS = 1_000
/**
 * A holder counts as dead after 20 reads, over 5 s, found its heartbeat unchanged. Reads are counted because a clock would be
 * wrong after the machine was suspended: a living holder would seem late.
 */
const READ_INTERVAL_MS = 250
const SILENT_READS = 20
/** The holder checks this often whether it lost the lock. Shorter than the 5 s after which it can lose it. */
const CHECK_INTERVAL_MS = 1_000

/** The text of a lock file whose holder has given the folder back. */
const RELEASED = 'released'

export interface FolderLock {
  /** False once another process has taken the folder over. Nothing may be written then. */
  isHeld(): boolean
  /** Gives the folder back. */
  release(): Promise<void>
}

/** Another process has taken the folder over. */
export class FolderLostError extends DatabaseError {
  constructor(folder: string) {
    super(
      `${folder} was taken over by another process, or its lock file was removed, while this process was paused or could not ` +
        'write there. This process ends, so that only one writes.',
    )
  }
}

/**
 * Locks a folder for this process. PGlite has no lock, and two processes in one folder corrupt it.
 *
 * The lock is the file `lock-<n>` with the highest n. Its holder rewrites it every second. A process id would not do, because
 * containers that share the folder do not see each other's processes. A process that finds the lock released, or its holder
 * dead, creates the file with the next number. The file system lets only one process create it, so only one can hold the lock.
 *
 * A process that was paused for longer than 5 s can lose the lock. It may still finish the statement in which it was paused;
 * then a timer throws FolderLostError, which ends the process.
 * @throws DatabaseError that names the living holder
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  for (;;) {
    const last = newestLock(folder)
    if (last > 0 && !(await canTakeOver(folder, last))) continue
    const number = last + 1
    const fd = createLockFile(folder, number)
    if (fd === undefined) continue
    if (newestLock(folder) === number) return holdLock(folder, number, fd)
    // Other processes have locked the folder in the meantime and removed the older files, so this number was free again.
    closeSync(fd)
    rmSync(lockFile(folder, number), { force: true })
  }
}

function holdLock(folder: string, number: number, fd: number): FolderLock {
  // The file before stays: a process that lists the folder during a change of holders must see one of the two.
  for (const older of lockNumbers(folder))
    if (older < number - 1) rmSync(lockFile(folder, older), { force: true })
  const heartbeat = startHeartbeat(fd)
  let checkedAt = performance.now()
  let isLost = false

  function check(): void {
    // A listing of the folder would need a free file descriptor.
    isLost = existsSync(lockFile(folder, number + 1)) || !existsSync(lockFile(folder, number))
    checkedAt = performance.now()
  }
  function isHeld(): boolean {
    if (!isLost && performance.now() - checkedAt > CHECK_INTERVAL_MS) check()
    return !isLost
  }
  const timer = setInterval(() => {
    if (isHeld()) return
    clearInterval(timer)
    throw new FolderLostError(folder)
  }, CHECK_INTERVAL_MS).unref()

  return {
    isHeld,
    async release() {
      clearInterval(timer)
      await heartbeat.terminate()
      check()
      if (!isLost) {
        writeSync(fd, RELEASED, 0)
        ftruncateSync(fd, RELEASED.length)
      }
      closeSync(fd)
    },
  }
}

/**
 * Rewrites the lock file every second, in a worker thread: PGlite runs in the main thread, where a long query would stop the
 * heartbeat of a living process. The worker writes to the open file, because another process may own the name by now.
 */
function startHeartbeat(fd: number): Worker {
  const source = `
    const { writeSync } = require('node:fs')
    const { workerData: { fd, holder, ms } } = require('node:worker_threads')
    let beats = 0
    setInterval(() => {
      try { writeSync(fd, JSON.stringify({ ...holder, beats: ++beats }), 0) } catch {}
    }, ms)`
  const holder = { pid: process.pid, host: hostname() }
  writeSync(fd, JSON.stringify({ ...holder, beats: 0 }), 0)
  const worker = new Worker(source, {
    eval: true,
    execArgv: [],
    workerData: { fd, holder, ms: HEARTBEAT_MS },
  })
  worker.unref()
  return worker
}

/**
 * Watches a lock until its state is known.
 * @returns true if its holder released it or is dead, false if its file was removed and the folder must be read again
 * @throws DatabaseError if the holder lives
 */
async function canTakeOver(folder: string, number: number): Promise<boolean> {
  let text = readLockFile(folder, number)
  for (let read = 0; read < SILENT_READS && text !== undefined && text !== RELEASED; read++) {
    await sleep(READ_INTERVAL_MS)
    const next = readLockFile(folder, number)
    if (next?.startsWith('{') && next !== text) throw new DatabaseError(inUse(folder, next))
    text = next
  }
  return text !== undefined
}

function inUse(folder: string, text: string): string {
  const { pid, host }: { pid: number; host: string } = JSON.parse(text)
  return `${folder} is in use by process ${pid} on ${host}. Stop it, or set DATA_DIR to another folder, or DATABASE_URL to share a Postgres.`
}
