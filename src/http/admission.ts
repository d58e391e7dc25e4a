import { OverloadedError } from '../errors.ts'

export interface AdmissionOptions {
  /** queries under way at once; one address has at most all but one of them, so that the others always find a place */
  atOnce: number
  /** requests that wait at most, in all and of one address */
  waiting?: { all: number; address: number }
  /** milliseconds after which a waiting request is refused */
  patienceMs?: number
}

/** More would wait longer than a client does. */
const WAITING = { all: 500, address: 100 }
const PATIENCE_MS = 5_000
/** An address whose queries take longer on average runs few at once: more would take the processors from the others. */
const SLOW_MS = 20
const SLOW_AT_ONCE = 2
/** Weight of the latest query in the average. */
const WEIGHT = 0.3

/** An address that has queries under way or waiting. */
interface Client {
  running: number
  averageMs: number
  waiting: Waiting[]
}

interface Waiting {
  start(): void
}

/**
 * Runs a bounded number of queries at once. The others wait in one line for each address, and the addresses are served in
 * turn. One address with hundreds of slow queries then delays its own only.
 */
export function createAdmission({ atOnce, waiting = WAITING, patienceMs = PATIENCE_MS }: AdmissionOptions) {
  const share = Math.max(1, atOnce - 1)
  /** in the order of their turns */
  const clients = new Map<string, Client>()
  let active = 0
  let queued = 0

  /**
   * Runs `work` when its turn comes.
   * @throws OverloadedError if too many wait already, or its turn did not come in time
   */
  async function admit<T>(address: string, work: () => Promise<T>): Promise<T> {
    const client = clients.get(address) ?? { running: 0, averageMs: 0, waiting: [] }
    clients.set(address, client)
    if (!mayStart(client)) await turn(address, client)
    else take(client)
    const began = performance.now()
    try {
      return await work()
    } finally {
      client.averageMs += WEIGHT * (performance.now() - began - client.averageMs)
      release(address, client)
    }
  }

  function mayStart({ running, averageMs }: Client): boolean {
    return active < atOnce && running < (averageMs > SLOW_MS ? Math.min(share, SLOW_AT_ONCE) : share)
  }

  function take(client: Client): void {
    active++
    client.running++
  }

  function release(address: string, client: Client): void {
    active--
    client.running--
    forgetIdle(address, client)
    if (queued > 0) startNext()
  }

  function turn(address: string, client: Client): Promise<void> {
    if (queued >= waiting.all || client.waiting.length >= waiting.address) {
      forgetIdle(address, client)
      return Promise.reject(new OverloadedError('too many queries are waiting; try again'))
    }
    return new Promise((resolve, reject) => {
      const entry = {
        start() {
          clearTimeout(timer)
          take(client)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        leave(client, entry)
        forgetIdle(address, client)
        reject(new OverloadedError('the query waited too long for its turn; try again'))
      }, patienceMs)
      client.waiting.push(entry)
      queued++
    })
  }

  function leave(client: Client, entry: Waiting): void {
    client.waiting.splice(client.waiting.indexOf(entry), 1)
    queued--
  }

  function forgetIdle(address: string, { running, waiting }: Client): void {
    if (running === 0 && waiting.length === 0) clients.delete(address)
  }

  /** Starts queries that wait, those of the address that was served longest ago first. */
  function startNext(): void {
    for (const [address, client] of clients) {
      if (active >= atOnce) return
      const entry = client.waiting[0]
      if (!entry || !mayStart(client)) continue
      leave(client, entry)
      // Moves it to the end: the others come first now.
      clients.delete(address)
      clients.set(address, client)
      entry.start()
    }
  }

  return admit
}

export type Admission = ReturnType<typeof createAdmission>
