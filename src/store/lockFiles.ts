import { openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../errors.ts'

const NAME = /^lock-([0-9]+)$/

/** Returns the path of a lock file. */
export function lockFile(folder: string, number: number): string {
  return join(folder, `lock-${number}`)
}

/** Lists the numbers of all lock files in a folder. */
export function lockNumbers(folder: string): number[] {
  return readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
}

/** Returns the highest number of a lock file, or 0 if there is none. */
export function newestLock(folder: string): number {
  return Math.max(0, ...lockNumbers(folder))
}

/** Creates a lock file and opens it. Returns its descriptor, or undefined if the file exists. */
export function createLockFile(folder: string, number: number): number | undefined {
  return unless('EEXIST', () => openSync(lockFile(folder, number), 'wx'))
}

/** Reads a lock file; undefined if it does not exist. */
export function readLockFile(folder: string, number: number): string | undefined {
  return unless('ENOENT', () => readFileSync(lockFile(folder, number), 'utf8'))
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
