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
import { DatabaseError } from './database.ts'

const BEAT_MS = 1_000
/**
 * A holder counts as dead after its beat stood still for 20 looks, which take 5 s. They are counted, not timed: after the
 * machine was suspended, a clock would say that a living holder is late.
 */
const LOOK_MS = 250
const LOOKS = 20
/** The holder looks this often whether it lost the lock. Shorter than the 5 s in which it cannot lose it. */
const CHECK_MS = 1_000

const FILE = /^lock-([0-9]+)$/
const RELEASED = 'released'

export interface FolderLock {
  /** False from the moment that another process has taken the folder over: nothing may be written then. */
  isHeld(): boolean
  /** Gives the folder back. */
  release(): Promise<void>
}

/** The process lost its folder to another one. */
export class FolderLostError extends DatabaseError {
  constructor(folder: string) {
    super(
      `${folder} was taken over by another process, or its lock file was removed, while this process was paused or could not ` +
        'write there. It ends, so that they do not both write.',
    )
  }
}

/**
 * Locks a folder for this process. PGlite does not, and two processes in one folder corrupt it.
 *
 * The lock is the file `lock-<n>` with the highest n. Its holder changes its text every second. A process id would not do:
 * containers that share the folder do not see each other's processes. Whoever finds the holder released or dead creates
 * the next number, which the file system grants to one only. So no order of events lets two in, except that a process
 * that was paused for longer than 5 s finishes the statement it was paused in.
 *
 * A process that loses the lock while it is paused throws FolderLostError from a timer, which ends it.
 * @throws DatabaseError that names the living holder
 */
export async function lockFolder(folder: string): Promise<FolderLock> {
  for (;;) {
    const last = highest(folder)
    if (last > 0 && !(await isFree(folder, last))) continue
    const mine = last + 1
    const fd = create(fileOf(folder, mine))
    if (fd === undefined) continue
    if (highest(folder) === mine) return hold(folder, mine, fd)
    // What was found free is long past: others took the folder since, and removed the old files.
    closeSync(fd)
    rmSync(fileOf(folder, mine), { force: true })
  }
}

function hold(folder: string, mine: number, fd: number): FolderLock {
  // The two last files stay: a process that lists the folder while they change must see one of them.
  for (const n of numbers(folder)) if (n < mine - 1) rmSync(fileOf(folder, n), { force: true })
  const beating = beat(fd)
  let checkedAt = performance.now()
  let lost = false

  function isHeld(): boolean {
    if (!lost && performance.now() - checkedAt > CHECK_MS) check()
    return !lost
  }
  function check(): void {
    // Not a listing, which needs a free file descriptor.
    lost = existsSync(fileOf(folder, mine + 1)) || !existsSync(fileOf(folder, mine))
    checkedAt = performance.now()
  }
  const timer = setInterval(() => {
    if (isHeld()) return
    clearInterval(timer)
    throw new FolderLostError(folder)
  }, CHECK_MS).unref()

  return {
    isHeld,
    async release() {
      clearInterval(timer)
      await beating.terminate()
      check()
      if (!lost) {
        writeSync(fd, RELEASED, 0)
        ftruncateSync(fd, RELEASED.length)
      }
      closeSync(fd)
    },
  }
}

/**
 * Changes the text of the lock file every second, in a thread: PGlite runs in the main one, and a long query would stop
 * the beat of a living process. It writes to the open file, not to the name, which another process may own by now.
 */
function beat(fd: number): Worker {
  const source = `
    const { writeSync } = require('node:fs')
    const { workerData: { fd, holder, ms } } = require('node:worker_threads')
    let beats = 0
    setInterval(() => {
      try { writeSync(fd, JSON.stringify({ ...holder, beats: ++beats }), 0) } catch {}
    }, ms)`
  const holder = { pid: process.pid, host: hostname() }
  writeSync(fd, JSON.stringify({ ...holder, beats: 0 }), 0)
  const worker = new Worker(source, { eval: true, execArgv: [], workerData: { fd, holder, ms: BEAT_MS } })
  worker.unref()
  return worker
}

/**
 * Waits until a lock is known to be free or not.
 * @returns true if its holder released it or is dead, false if the file is gone, so that one must look again
 * @throws DatabaseError if the holder lives
 */
async function isFree(folder: string, n: number): Promise<boolean> {
  const file = fileOf(folder, n)
  let text = read(file)
  for (let look = 0; look < LOOKS && text !== undefined && text !== RELEASED; look++) {
    await sleep(LOOK_MS)
    const now = read(file)
    if (now?.startsWith('{') && now !== text) throw new DatabaseError(inUse(folder, now))
    text = now
  }
  return text !== undefined
}

function inUse(folder: string, text: string): string {
  const { pid, host } = JSON.parse(text) as { pid: number; host: string }
  return `${folder} is in use by process ${pid} on ${host}. Stop it, or set DATA_DIR to another folder, or DATABASE_URL to share a Postgres.`
}

function numbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => Number(FILE.exec(name)?.[1] ?? []))
}

/** 0 if the folder was never locked. */
function highest(folder: string): number {
  return Math.max(0, ...numbers(folder))
}

function fileOf(folder: string, n: number): string {
  return join(folder, `lock-${n}`)
}

/** Creates a file and opens it; undefined if it exists. */
function create(file: string): number | undefined {
  try {
    return openSync(file, 'wx')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw error
  }
}

/** undefined if there is no such file */
function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
