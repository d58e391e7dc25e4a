import { blockOf, type JobBase } from './job.ts'

/** Stored in place of the hash of a job that left the filter. {@link hashOf} is never negative. */
const LEFT = -1

/**
 * The jobs that were yielded to the consumer, by key. A job of a recent block is kept as it was yielded,
 * because a reorg may remove it. Of an older job only a hash is kept, which is enough to detect a change.
 */
export interface KnownJobs<J extends JobBase> {
  has(key: string): boolean
  /** Returns whether the job is known and matched the filter when it was last yielded. */
  isInside(key: string): boolean
  /** Returns whether the job is unknown, has left the filter, or has changed since it was last yielded. */
  differs(key: string, job: J): boolean
  put(key: string, job: J): void
  /** Records that a job no longer matches the filter. */
  leave(key: string): void
  /** @returns the job as it was yielded; undefined if it is unknown or only its hash is kept */
  remove(key: string): J | undefined
  /** Replaces the jobs of blocks before `block` by their hashes. */
  raiseFloor(block: bigint): void
  /** Keys of the jobs inside the filter. */
  inside(): Set<string>
  /** Keys of the jobs of recent blocks, by `jobId`. */
  recentById(): Map<string, string[]>
}

/** @param keepLeft whether a job that left the filter stays known */
export function createKnownJobs<J extends JobBase>(keepLeft: boolean): KnownJobs<J> {
  const recent = new Map<string, J>()
  const older = new Map<string, number>()
  let floor = 0n

  return {
    has: (key) => recent.has(key) || older.has(key),
    isInside: (key) => recent.has(key) || (older.get(key) ?? LEFT) !== LEFT,
    differs(key, job) {
      const known = recent.get(key)
      if (known) return JSON.stringify(known) !== JSON.stringify(job)
      return !older.has(key) || older.get(key) !== hashOf(job)
    },
    put(key, job) {
      if (BigInt(job.blockNumber) >= floor) {
        recent.set(key, job)
        older.delete(key)
      } else {
        older.set(key, hashOf(job))
        recent.delete(key)
      }
    },
    leave(key) {
      recent.delete(key)
      if (keepLeft) older.set(key, LEFT)
      else older.delete(key)
    },
    remove(key) {
      const known = recent.get(key)
      recent.delete(key)
      older.delete(key)
      return known
    },
    raiseFloor(block) {
      floor = block
      // The map is in the order of arrival, which is nearly that of blocks. After a read in the order `desc`
      // the newest job is in front: the others are then kept in full until it is below the floor.
      for (const [key, job] of recent) {
        if (BigInt(job.blockNumber) >= floor) return
        recent.delete(key)
        older.set(key, hashOf(job))
      }
    },
    inside() {
      const keys = new Set(recent.keys())
      for (const [key, state] of older) if (state !== LEFT) keys.add(key)
      return keys
    },
    recentById() {
      const byId = new Map<string, string[]>()
      for (const [key, { jobId }] of recent) byId.set(jobId, [...(byId.get(jobId) ?? []), key])
      return byId
    },
  }
}

/** Groups keys by the block of their job. */
export function byBlock(keys: Iterable<string>): Map<bigint, string[]> {
  const blocks = new Map<bigint, string[]>()
  for (const key of keys) {
    const block = blockOf(key)
    const group = blocks.get(block)
    if (group) group.push(key)
    else blocks.set(block, [key])
  }
  return blocks
}

/**
 * Returns a 53-bit hash of a job's JSON (cyrb53). One change in 10^16 is missed. Web Crypto's hashes are not
 * used because they are asynchronous.
 */
export function hashOf(job: JobBase): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57]
  const text = JSON.stringify(job)
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    high = Math.imul(high ^ code, 2_654_435_761)
    low = Math.imul(low ^ code, 1_597_334_677)
  }
  high = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909)
  low = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(high ^ (high >>> 13), 3_266_489_909)
  return 4_294_967_296 * (2_097_151 & low) + (high >>> 0)
}
