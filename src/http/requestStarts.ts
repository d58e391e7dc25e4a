import type { FastifyInstance } from 'fastify'

/**
 * Number of requests of one address that begin in one iteration of the event loop. Eight take 1 to 4 ms,
 * and all other work waits that long.
 */
const MAX_BEGUN = 8

/** The requests of one address that arrived close together. */
interface Burst {
  /** requests that began in this iteration of the event loop */
  begun: number
  /** calls that let a request go on, oldest first */
  waiting: (() => void)[]
}

/**
 * Limits how many requests of one address begin in one iteration of the event loop; the others wait for the
 * next. Otherwise hundreds of requests that arrive together would be answered in one iteration, and the streams
 * and all other clients would wait for that.
 */
export function limitRequestStarts(app: FastifyInstance): void {
  const bursts = new Map<string, Burst>()

  function beginNext(): void {
    for (const [address, burst] of bursts) {
      const ready = burst.waiting.splice(0, MAX_BEGUN)
      burst.begun = ready.length
      if (ready.length === 0) bursts.delete(address)
      for (const begin of ready) begin()
    }
    if (bursts.size > 0) setImmediate(beginNext)
  }

  app.addHook('onRequest', ({ addressKey }, _reply, done) => {
    const burst = bursts.get(addressKey) ?? { begun: 0, waiting: [] }
    if (bursts.size === 0) setImmediate(beginNext)
    bursts.set(addressKey, burst)
    if (burst.begun >= MAX_BEGUN) burst.waiting.push(done)
    else {
      burst.begun++
      done()
    }
  })
}
