import type { FastifyInstance } from 'fastify'

/**
 * Number of requests of one address that begin in one iteration of the event loop. Eight take 1 to 4 ms,
 * and all other work waits that long.
 */
const MAX_BEGUN = 8

/** The requests of one address. */
interface Starts {
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
  const addresses = new Map<string, Starts>()

  function beginNext(): void {
    for (const [address, starts] of addresses) {
      const ready = starts.waiting.splice(0, MAX_BEGUN)
      starts.begun = ready.length
      if (ready.length === 0) addresses.delete(address)
      for (const begin of ready) begin()
    }
    if (addresses.size > 0) setImmediate(beginNext)
  }

  app.addHook('onRequest', ({ addressKey }, _reply, done) => {
    const starts = addresses.get(addressKey) ?? { begun: 0, waiting: [] }
    if (addresses.size === 0) setImmediate(beginNext)
    addresses.set(addressKey, starts)
    if (starts.begun >= MAX_BEGUN) starts.waiting.push(done)
    else {
      starts.begun++
      done()
    }
  })
}
