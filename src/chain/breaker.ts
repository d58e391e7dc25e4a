import { backoffMs } from './backoff.ts'
import { retryAfterMs } from './errors.ts'

/** The first cool-down of an endpoint. It doubles with each failure, up to {@link MAX_COOL_DOWN_MS}. */
const MIN_COOL_DOWN_MS = 1_000
/**
 * The longest cool-down, unless the endpoint asks for a longer one. An endpoint that has recovered is used
 * again within this time.
 */
const MAX_COOL_DOWN_MS = 15_000
/** A failure within this time of the last one doubles the cool-down, even if requests succeeded in between. */
const SERIES_MS = 60_000

/**
 * Creates a circuit breaker. A failure opens it. After a jittered cool-down, `probeIfDue` sends one probe,
 * which closes the breaker or opens it for longer. No other request waits for the probe.
 * @param probe rejects if the endpoint still fails
 * @param now a monotonic clock in milliseconds
 */
export function createBreaker(probe: () => Promise<void>, now: () => number) {
  let failures = 0
  let failedAt = Number.NEGATIVE_INFINITY
  /** null while closed */
  let probeAt: number | null = null
  let probing = false
  /** when the pause ends that the endpoint last asked for */
  let pausedUntil = Number.NEGATIVE_INFINITY

  const pauseMs = () => Math.max(0, pausedUntil - now())

  /** A request that succeeds during a pause may have begun before the endpoint asked for it. */
  function close(): void {
    if (pauseMs() === 0) probeAt = null
  }

  function pause(ms: number): void {
    if (ms > 0) pausedUntil = now() + ms
  }

  function coolDown(): void {
    failures = now() - failedAt > SERIES_MS ? 1 : failures + 1
    failedAt = now()
    probeAt = failedAt + backoffMs(failures, MIN_COOL_DOWN_MS, MAX_COOL_DOWN_MS)
  }

  return {
    isClosed: () => probeAt === null,
    /** Returns the milliseconds that are left of the pause that the endpoint asked for. */
    pauseMs,
    /** @param ms the pause that the endpoint asked for; 0 if it asked for none */
    open(ms = 0): void {
      pause(ms)
      // Requests that were under way together fail together: that is one failure.
      if (probeAt === null) coolDown()
    },
    /** Puts the endpoint back into service, unless it asked for a pause that is not over. */
    close,
    /** Sends the probe if the cool-down and the pause are over. */
    probeIfDue(): void {
      if (probeAt === null || probing || now() < Math.max(probeAt, pausedUntil)) return
      probing = true
      probe()
        .then(close, (error) => {
          pause(retryAfterMs(error))
          coolDown()
        })
        .finally(() => {
          probing = false
        })
    },
  }
}
