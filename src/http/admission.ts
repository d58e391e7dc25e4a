import { OverloadedError } from '../errors.ts'

interface AdmissionOptions {
  /**
   * queries that run at once. Unless this is 1, one address runs at most `atOnce - 1` of them, so that it
   * cannot take all.
   */
  atOnce: number
  /** requests that may wait, of all addresses and of one */
  maxWaiting?: { all: number; address: number }
  /** milliseconds after which a waiting request is refused */
  maxWaitMs?: number
}

/** Decides when the queries of clients run. `address` is a key made by `addressKey` (address.ts). */
export interface Admission {
  /**
   * Runs `work` when its turn comes.
   * @throws OverloadedError if too many requests wait already, or if the turn did not come in time
   */
  run<T>(address: string, work: () => Promise<T>): Promise<T>
  /**
   * Refuses a request that `run` would refuse. It is called before the request is validated, because bursts
   * consist mostly of requests that must be refused.
   * @throws OverloadedError if the address has queries already and `run` would refuse another
   */
  assertNotFull(address: string): void
  /** Returns the number of waiting requests. */
  waiting(): number
}

/**
 * Maximum number of waiting requests, of all addresses and of one. With more, clients give up before the
 * last is answered.
 */
const MAX_WAITING = { all: 500, address: 100 }
const MAX_WAIT_MS = 5_000
const TOO_MANY = 'too many queries are waiting; try again'
/**
 * Average duration of an address's queries above which it runs one at a time, because more would take the
 * processors from other addresses. An address also runs one at a time until the first query of a burst has
 * ended, because its average is deleted when it has no query left.
 */
const SLOW_MS = 20
/** Weight of the latest query in the average. */
const WEIGHT = 0.3

interface Client {
  running: number
  /** undefined before the first query has ended */
  averageMs: number | undefined
  /** calls that start the waiting queries, oldest first */
  waiting: Set<() => void>
}

/**
 * Creates the scheduler of the clients' queries. It runs a bounded number of them at once. Other requests
 * wait, in one queue for each address, and the addresses take turns. So an address with hundreds of slow
 * queries delays only its own.
 */
export function createAdmission(options: AdmissionOptions): Admission {
  const { atOnce, maxWaiting = MAX_WAITING, maxWaitMs = MAX_WAIT_MS } = options
  /** addresses with queries that run or wait, in the order of their turns */
  const clients = new Map<string, Client>()
  let running = 0
  let waiting = 0

  function mayStart(client: Client): boolean {
    const isQuick = client.averageMs !== undefined && client.averageMs <= SLOW_MS
    return running < atOnce && client.running < (isQuick ? Math.max(1, atOnce - 1) : 1)
  }

  function refuseIfFull(client: Client): void {
    const isFull = waiting >= maxWaiting.all || client.waiting.size >= maxWaiting.address
    if (isFull && !mayStart(client)) throw new OverloadedError(TOO_MANY)
  }

  /** Counts a query that begins, and moves its address behind all others. */
  function noteBegin(address: string, client: Client): void {
    running++
    client.running++
    moveToEnd(address, client)
  }

  /** Counts a query that has ended, and moves its address behind all others. */
  function noteEnd(address: string, client: Client): void {
    running--
    client.running--
    moveToEnd(address, client)
    dropIfIdle(address, client)
  }

  function moveToEnd(address: string, client: Client): void {
    clients.delete(address)
    clients.set(address, client)
  }

  function dropIfIdle(address: string, client: Client): void {
    if (client.running === 0 && client.waiting.size === 0) clients.delete(address)
  }

  function nextTurn(address: string, client: Client): Promise<void> {
    return new Promise((resolve, reject) => {
      const start = () => {
        clearTimeout(timer)
        client.waiting.delete(start)
        waiting--
        noteBegin(address, client)
        resolve()
      }
      const timer = setTimeout(() => {
        client.waiting.delete(start)
        waiting--
        dropIfIdle(address, client)
        reject(new OverloadedError('the query waited too long for its turn; try again'))
      }, maxWaitMs)
      client.waiting.add(start)
      waiting++
    })
  }

  /** Starts waiting queries. The address whose last query began or ended longest ago comes first. */
  function startWaiting(): void {
    for (const client of clients.values()) {
      if (running >= atOnce) return
      const [start] = client.waiting
      // An address that starts a query moves to the end of the map, where this loop reaches it again.
      if (start && mayStart(client)) start()
    }
  }

  return {
    async run(address, work) {
      const client = clients.get(address) ?? { running: 0, averageMs: undefined, waiting: new Set() }
      refuseIfFull(client)
      clients.set(address, client)
      if (mayStart(client)) noteBegin(address, client)
      else await nextTurn(address, client)
      return measured(client, work).finally(() => {
        noteEnd(address, client)
        startWaiting()
      })
    },
    assertNotFull(address) {
      const client = clients.get(address)
      if (client) refuseIfFull(client)
    },
    waiting: () => waiting,
  }
}

/** Runs a query, and adds its duration to the average of its address. */
async function measured<T>(client: Client, work: () => Promise<T>): Promise<T> {
  const since = performance.now()
  const { running } = client
  try {
    return await work()
  } finally {
    // Divided by the number of the address's queries that ran when this one began: they shared the processors.
    const ms = (performance.now() - since) / running
    const { averageMs = ms } = client
    client.averageMs = averageMs + WEIGHT * (ms - averageMs)
  }
}
