import type { FastifyInstance } from 'fastify'

/**
 * Number of requests of one address that begin in one iteration of the event loop. Eight take 1 to 4 ms,
 * and all other work waits that long.
 */
const MAX_BEGUN = 8

/** The requests of one address in this iteration of the event loop. */
interface Turn {
  begun: number
  /** calls that let a request go on, oldest first */
  waiting: (() => void)[]
}

/**
 * Limits how many requests of one address begin in one iteration of the event loop; the others wait for the
 * next. Otherwise hundreds of requests that arrive together would be answered in one iteration, and the streams
 * and all other clients would wait for that.
 */
export function takeTurns(app: FastifyInstance): void {
  const turns = new Map<string, Turn>()

  function beginNext(): void {
    for (const [address, turn] of turns) {
      const ready = turn.waiting.splice(0, MAX_BEGUN)
      turn.begun = ready.length
      if (ready.length === 0) turns.delete(address)
      for (const begin of ready) begin()
    }
    if (turns.size > 0) setImmediate(beginNext)
  }

  app.addHook('onRequest', ({ addressKey }, _reply, done) => {
    const turn = turns.get(addressKey) ?? { begun: 0, waiting: [] }
    if (turns.size === 0) setImmediate(beginNext)
    turns.set(addressKey, turn)
    if (turn.begun >= MAX_BEGUN) turn.waiting.push(done)
    else {
      turn.begun++
      done()
    }
  })
}
