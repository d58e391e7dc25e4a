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

interface AdmissionState extends Required<AdmissionOptions> {
  /** addresses with queries that run or wait, in the order of their turns */
  clients: Map<string, Client>
  running: number
  waitingTotal: number
}

interface Client {
  address: string
  running: number
  /** undefined before the first query has ended */
  averageMs: number | undefined
  /** calls that start the waiting queries, oldest first */
  waiting: (() => void)[]
}

/**
 * Creates the scheduler of the clients' queries. It runs a bounded number of them at once. Other requests
 * wait, in one queue for each address, and the addresses take turns. So an address with hundreds of slow
 * queries delays only its own.
 */
export function createAdmission({
  atOnce,
  maxWaiting = MAX_WAITING,
  maxWaitMs = MAX_WAIT_MS,
}: AdmissionOptions): Admission {
  const state: AdmissionState = {
    atOnce,
    maxWaiting,
    maxWaitMs,
    clients: new Map(),
    running: 0,
    waitingTotal: 0,
  }
  return {
    async run(address, work) {
      const client = getOrAddClient(state, address)
      if (mayStart(state, client)) occupy(state, client)
      else await nextTurn(state, client)
      const since = performance.now()
      const { running } = client
      try {
        return await work()
      } finally {
        // Divided by the number of this address's queries, which shared the processors with it.
        updateAverage(client, (performance.now() - since) / running)
        end(state, client)
      }
    },
    assertNotFull(address) {
      const client = state.clients.get(address)
      if (client && !mayStart(state, client) && isFull(state, client)) throw new OverloadedError(TOO_MANY)
    },
  }
}

function getOrAddClient({ clients }: AdmissionState, address: string): Client {
  const client = clients.get(address) ?? { address, running: 0, averageMs: undefined, waiting: [] }
  clients.set(address, client)
  return client
}

function mayStart({ running, atOnce }: AdmissionState, client: Client): boolean {
  const isQuick = client.averageMs !== undefined && client.averageMs <= SLOW_MS
  return running < atOnce && client.running < (isQuick ? Math.max(1, atOnce - 1) : 1)
}

function occupy(state: AdmissionState, client: Client): void {
  state.running++
  client.running++
}

function updateAverage(client: Client, ms: number): void {
  const { averageMs = ms } = client
  client.averageMs = averageMs + WEIGHT * (ms - averageMs)
}

function end(state: AdmissionState, client: Client): void {
  state.running--
  client.running--
  dropIfIdle(state, client)
  if (state.waitingTotal > 0) startWaiting(state)
}

function isFull({ maxWaiting, waitingTotal }: AdmissionState, client: Client): boolean {
  return waitingTotal >= maxWaiting.all || client.waiting.length >= maxWaiting.address
}

function nextTurn(state: AdmissionState, client: Client): Promise<void> {
  if (isFull(state, client)) {
    dropIfIdle(state, client)
    return Promise.reject(new OverloadedError(TOO_MANY))
  }
  return new Promise((resolve, reject) => {
    const start = () => {
      clearTimeout(timer)
      occupy(state, client)
      resolve()
    }
    const timer = setTimeout(() => {
      dequeue(state, client, start)
      dropIfIdle(state, client)
      reject(new OverloadedError('the query waited too long for its turn; try again'))
    }, state.maxWaitMs)
    client.waiting.push(start)
    state.waitingTotal++
  })
}

function dequeue(state: AdmissionState, client: Client, start: () => void): void {
  client.waiting.splice(client.waiting.indexOf(start), 1)
  state.waitingTotal--
}

function dropIfIdle({ clients }: AdmissionState, { address, running, waiting }: Client): void {
  if (running === 0 && waiting.length === 0) clients.delete(address)
}

/** Starts waiting requests. The address whose last turn was longest ago comes first. */
function startWaiting(state: AdmissionState): void {
  for (const client of state.clients.values()) {
    if (state.running >= state.atOnce) return
    const [start] = client.waiting
    if (!start || !mayStart(state, client)) continue
    dequeue(state, client, start)
    // Moves the address to the end of the map, where this loop reaches it again.
    state.clients.delete(client.address)
    state.clients.set(client.address, client)
    start()
  }
}
