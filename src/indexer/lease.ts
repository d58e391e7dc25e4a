import type { Header } from '../chain/source.ts'
import type { Database } from '../store/database.ts'
import { acquireLease, LEASE_SECONDS, recordContact, releaseLease, renewLease } from '../store/lease.ts'

/** How often the lease is renewed, and how often a standby tries to acquire it. */
export const RENEW_MS = 2_000

/**
 * The lease to index, as far as this process knows. It saves RPC calls; the compare-and-set of a step keeps
 * the data right.
 */
export interface Lease {
  db: Database
  /** id of this process */
  indexerId: string
  held: boolean
  /**
   * performance.now() when the lease was last known to be held; this clock goes on while the process
   * is paused
   */
  heldAt: number
  /** performance.now() when an answer from the chain was last recorded, which renews the lease too */
  contactAt: number
}

export function createLease(db: Database, indexerId: string): Lease {
  return { db, indexerId, held: false, heldAt: 0, contactAt: Number.NEGATIVE_INFINITY }
}

/** Acquires the lease if this process does not hold it. @returns false if another process holds it */
export async function ensureLease(lease: Lease): Promise<boolean> {
  if (lease.held) return true
  const at = performance.now()
  lease.held = await acquireLease(lease.db, lease.indexerId)
  if (!lease.held) return false
  lease.heldAt = at
  // Acquiring does not record an answer from the chain, so the next one must be recorded.
  lease.contactAt = Number.NEGATIVE_INFINITY
  return true
}

/**
 * Treats the lease as lost if it may have expired while this process was paused or failed: another process
 * may have held it since.
 */
export function dropIfExpired(lease: Lease): void {
  if (mayHaveExpired(lease)) dropLease(lease)
}

function mayHaveExpired({ heldAt }: Lease): boolean {
  return performance.now() - heldAt > LEASE_SECONDS * 1_000
}

/** Records an answer from the chain, which renews the lease, unless one was recorded within the last 2 s. */
export async function recordContactIfDue(lease: Lease, head: Header | null): Promise<void> {
  const at = performance.now()
  if (at - lease.contactAt <= RENEW_MS) return
  if (await recordContact(lease.db, lease.indexerId, head)) noteRenewal(lease, at)
  else dropLease(lease)
}

/**
 * Runs a step or a wait, and renews the lease meanwhile: neither a slow step nor a long wait may look like a
 * dead process.
 */
export async function withHeartbeat<T>(lease: Lease, run: () => Promise<T>): Promise<T> {
  let beating = false
  const timer = setInterval(async () => {
    if (beating) return
    beating = true
    await beat(lease)
    beating = false
  }, RENEW_MS)
  try {
    return await run()
  } finally {
    clearInterval(timer)
  }
}

/** Renews the lease once. A failure is ignored, because the step or the next turn will notice it. */
async function beat(lease: Lease): Promise<void> {
  if (mayHaveExpired(lease)) return
  const at = performance.now()
  if (await renewLease(lease.db, lease.indexerId).catch(() => false))
    lease.heldAt = Math.max(lease.heldAt, at)
}

/**
 * Notes that the lease was renewed by a step or by recordContact(), both of which have an answer from the chain.
 * @param at performance.now() before the renewal: the process may have been paused since
 */
export function noteRenewal(lease: Lease, at: number): void {
  lease.heldAt = Math.max(lease.heldAt, at)
  lease.contactAt = at
}

/**
 * Notes that this process may no longer hold the lease: it ran out, another process moved the cursor, or the
 * database was restored.
 */
export function dropLease(lease: Lease): void {
  lease.held = false
}

/**
 * Releases the lease, so that a standby takes over at once. If the database does not answer, the lease
 * expires.
 */
export async function releaseIfHeld(lease: Lease): Promise<void> {
  if (lease.held) await releaseLease(lease.db, lease.indexerId).catch(() => {})
}
