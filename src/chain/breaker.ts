/** The first time that an endpoint is left alone. Doubled with each failure: {@link LONGEST_REST_MS} at most. */
const FIRST_REST_MS = 1_000
/** A first URL that recovered serves again after this time at the latest. */
const LONGEST_REST_MS = 15_000
/** Failures further apart than this are no series. Nearer ones are, also with successes between them. */
const SERIES_MS = 60_000

/**
 * A circuit breaker. It is opened by a failure. After a jittered rest, {@link Breaker.halfOpen} sends one probe, which closes
 * it or opens it for longer. No request of the index waits for a probe.
 */
export interface Breaker {
  isClosed(): boolean
  /** @param atLeastMs the shortest rest, if the endpoint asked for one */
  open(atLeastMs?: number): void
  close(): void
  /** Sends the probe if the rest is over. */
  halfOpen(): void
}

/** @param probe rejects if the endpoint is still out of order */
export function createBreaker(probe: () => Promise<void>, now: () => number): Breaker {
  let failures = 0
  let failedAt = Number.NEGATIVE_INFINITY
  /** null while closed */
  let probeAt: number | null = null
  let probing = false

  function rest(atLeastMs: number): void {
    failures = now() - failedAt > SERIES_MS ? 1 : failures + 1
    failedAt = now()
    const ms = Math.min(FIRST_REST_MS * 2 ** (failures - 1), LONGEST_REST_MS)
    // Jittered, so that the processes of a cluster do not probe in step.
    probeAt = failedAt + Math.max(atLeastMs, ms * (0.5 + Math.random() / 2))
  }

  return {
    isClosed: () => probeAt === null,
    open(atLeastMs = 0) {
      // Requests that were under way together fail together: that is one failure.
      if (probeAt === null) rest(atLeastMs)
    },
    close() {
      probeAt = null
    },
    halfOpen() {
      if (probeAt === null || probing || now() < probeAt) return
      probing = true
      probe()
        .then(
          () => {
            probeAt = null
          },
          () => rest(0),
        )
        .finally(() => {
          probing = false
        })
    },
  }
}
