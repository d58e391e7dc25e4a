import { openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'

const NAME = /^lock-([0-9]+)$/

/** The path of a lock file. */
export function lockFile(folder: string, number: number): string {
  return join(folder, `lock-${number}`)
}

/** The numbers of all lock files in a folder. */
export function lockNumbers(folder: string): number[] {
  return readdirSync(folder).flatMap((name) => Number(NAME.exec(name)?.[1] ?? []))
}

/** The highest number, or 0 if the folder was never locked. */
export function newestLock(folder: string): number {
  return Math.max(0, ...lockNumbers(folder))
}

/** Creates a lock file and opens it. Returns its descriptor, or undefined if another process has created it. */
export function createLockFile(folder: string, number: number): number | undefined {
  return unless('EEXIST', () => openSync(lockFile(folder, number), 'wx'))
}

/** The text of a lock file, or undefined if there is none. */
export function readLockFile(folder: string, number: number): string | undefined {
  return unless('ENOENT', () => readFileSync(lockFile(folder, number), 'utf8'))
}

/** The result of a call, or undefined if it fails with an error code. Any other error is thrown. */
function unless<T>(code: string, call: () => T): T | undefined {
  try {
    return call()
  } catch (error) {
    if (codeOf(error) === code) return undefined
    throw error
  }
}
