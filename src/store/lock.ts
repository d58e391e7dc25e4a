import {
  closeSync,
  existsSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { codeOf, DatabaseError } from '../errors.ts'

const LOCK_FILE = /^lock-([0-9]+)$/
const HEARTBEAT_MS = 1_000
/**
 * A holder counts as dead if 20 reads in a row, over 5 s, find its heartbeat unchanged. Reads are
 * counted instead of time, because after the machine was suspended, a clock would show a long silence of
 * a live holder.
 */
const READ_INTERVAL_MS = 250
const SILENT_READS = 20
/**
 * Interval at which a holder that runs no statement checks that it still has the lock. Another process can
 * take the lock after 5 s, so the interval must be shorter than that.
 */
const CHECK_INTERVAL_MS = 1_000

/** Content of a lock file that its holder has released. */
const RELEASED = 'released'

interface FolderLock {
  /** False if another process has taken over the folder. Nothing may be written then. */
  isHeld(): boolean
  /** Releases the lock, so that another process can take the folder over at once. */
  release(): Promise<void>
}

/** This process has lost the lock of the folder. */
export class FolderLostError extends DatabaseError {
  constructor(folder: string) {
    super(
      `${folder} was taken over by another process, or its lock file was removed, while this process was paused or could not ` +
        'write there. This process exits, so that only one process writes. Start it again if no other process uses the folder.',
    )
  }
}

/**
 * Locks a folder for this process. PGlite has no lock, and two processes in one folder corrupt it.
 *
 * The lock is the file `lock-<n>` with the highest n. Its holder rewrites it every second. A process id alone
 * would not show whether the holder lives, because containers that share the folder do not see each other's
 * processes. A process that finds the lock released, or its holder dead, creates the file with the next
 * number. The file system lets only one process create it.
 *
 * A process that was paused for longer than 5 s can lose the lock. It may still finish the statement in which
 * it was paused. Then a timer throws FolderLostError, which ends the process.
 * @throws DatabaseError that names the holder, if the holder lives
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  for (;;) {
    const last = newestLock(folder)
    if (last > 0 && !(await canTakeOver(folder, last))) continue
    const number = last + 1
    const fd = createLockFile(folder, number)
    if (fd === undefined) continue
    if (newestLock(folder) === number) return holdLock(folder, number, fd)
    // Other processes have locked the folder in the meantime and removed older files, so this number was
    // free again.
    closeSync(fd)
    rmSync(lockPath(folder, number), { force: true })
  }
}

function holdLock(folder: string, number: number, fd: number): FolderLock {
  // The previous file stays: a process that lists the folder during a takeover must see one of the two files.
  for (const older of lockNumbers(folder))
    if (older < number - 1) rmSync(lockPath(folder, older), { force: true })
  const heartbeat = startHeartbeat(fd)
  // Unlike a listing of the folder, existsSync needs no free file descriptor.
  const isHeld = () => !existsSync(lockPath(folder, number + 1)) && existsSync(lockPath(folder, number))
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
      if (isHeld()) {
        writeSync(fd, RELEASED, 0)
        ftruncateSync(fd, RELEASED.length)
      }
      closeSync(fd)
    },
  }
}

/**
 * Starts a worker thread that rewrites the lock file every second. In the main thread, a long query of PGlite
 * would stop the heartbeat. The worker writes to the open descriptor, because another process may have
 * created a new file with the same name.
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
 * Waits until it is known whether a lock can be taken over.
 * @returns true if its holder released it or is dead; false if its file was removed, and the folder must be
 * listed again
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

function lockPath(folder: string, number: number): string {
  return join(folder, `lock-${number}`)
}

/** Lists the numbers of all lock files in a folder. */
function lockNumbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => LOCK_FILE.exec(name)?.[1] ?? [])
    .map(Number)
}

/** Returns the highest number of a lock file, or 0 if there is none. */
function newestLock(folder: string): number {
  return Math.max(0, ...lockNumbers(folder))
}

/** Creates a lock file and opens it. Returns its descriptor, or undefined if the file exists. */
function createLockFile(folder: string, number: number): number | undefined {
  return unless('EEXIST', () => openSync(lockPath(folder, number), 'wx'))
}

/** Reads a lock file; undefined if it does not exist. */
function readLockFile(folder: string, number: number): string | undefined {
  return unless('ENOENT', () => readFileSync(lockPath(folder, number), 'utf8'))
}

/**
 * Returns the result of a call, or undefined if it throws an error with this code. Any other error is thrown.
 */
function unless<T>(code: string, call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (codeOf(error) === code) return undefined
    throw error
  }
}
