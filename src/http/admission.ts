import { OverloadedError } from '../errors.ts'

export interface AdmissionOptions {
  /** queries that run at once. One address has at most all but one of them, so that there is always a place for another. */
  atOnce: number
  /** requests that may wait, of all addresses and of one */
  waiting?: { all: number; address: number }
  /** milliseconds after which a waiting request is refused */
  patienceMs?: number
}

/** An address is the one of a client, as {@link addressKey} gives it. */
export interface Admission {
  /**
   * Runs `work` when its turn comes.
   * @throws OverloadedError if too many requests wait already, or if the turn did not come in time
   */
  run<T>(address: string, work: () => Promise<T>): Promise<T>
  /**
   * Refuses a request before anything is done for it: bursts consist mostly of requests that must be refused.
   * @throws OverloadedError if `run` would not let it wait
   */
  assertPlace(address: string): void
}

/** The last of more requests would wait longer than clients do. */
const WAITING = { all: 500, address: 100 }
const PATIENCE_MS = 5_000
const TOO_MANY = 'too many queries are waiting; try again'
/**
 * An address whose queries take longer than this on average, each by itself, runs one at a time: more would take the processors from
 * the others. So does one whose queries are not known yet, or a burst would run at full width before the first answer.
 */
const SLOW_MS = 20
/** Weight of the latest query in the average. */
const WEIGHT = 0.3

interface Admissions extends Required<AdmissionOptions> {
  /** addresses with queries that run or wait, in the order of their turns */
  clients: Map<string, Client>
  running: number
  waitingInAll: number
}

interface Client {
  address: string
  running: number
  /** undefined before the first query has ended */
  averageMs: number | undefined
  waiting: Turn[]
}

/** A request that waits for its turn. */
interface Turn {
  start(): void
}

/**
 * Returns a function that runs a bounded number of queries at once. Other requests wait, in one line for each address, and the
 * addresses are served in turn. So an address with hundreds of slow queries delays its own only.
 */
export function createAdmission({
  atOnce,
  waiting = WAITING,
  patienceMs = PATIENCE_MS,
}: AdmissionOptions): Admission {
  const all: Admissions = { atOnce, waiting, patienceMs, clients: new Map(), running: 0, waitingInAll: 0 }
  return {
    async run(address, work) {
      const client = findClient(all, address)
      if (mayStart(all, client)) occupy(all, client)
      else await nextTurn(all, client)
      const since = performance.now()
      const { running } = client
      try {
        return await work()
      } finally {
        // Queries that run beside each other take turns on the processors.
        measure(client, (performance.now() - since) / running)
        end(all, client)
      }
    },
    assertPlace(address) {
      const client = all.clients.get(address)
      if (client && !mayStart(all, client) && isFull(all, client)) throw new OverloadedError(TOO_MANY)
    },
  }
}

function findClient({ clients }: Admissions, address: string): Client {
  const client = clients.get(address) ?? { address, running: 0, averageMs: undefined, waiting: [] }
  clients.set(address, client)
  return client
}

function mayStart({ running, atOnce }: Admissions, client: Client): boolean {
  const isQuick = client.averageMs !== undefined && client.averageMs <= SLOW_MS
  return running < atOnce && client.running < (isQuick ? Math.max(1, atOnce - 1) : 1)
}

function occupy(all: Admissions, client: Client): void {
  all.running++
  client.running++
}

function measure(client: Client, ms: number): void {
  const { averageMs = ms } = client
  client.averageMs = averageMs + WEIGHT * (ms - averageMs)
}

function end(all: Admissions, client: Client): void {
  all.running--
  client.running--
  dropIfIdle(all, client)
  if (all.waitingInAll > 0) startWaiting(all)
}

function isFull({ waiting, waitingInAll }: Admissions, client: Client): boolean {
  return waitingInAll >= waiting.all || client.waiting.length >= waiting.address
}

function nextTurn(all: Admissions, client: Client): Promise<void> {
  if (isFull(all, client)) {
    dropIfIdle(all, client)
    return Promise.reject(new OverloadedError(TOO_MANY))
  }
  return new Promise((resolve, reject) => {
    const turn = {
      start() {
        clearTimeout(timer)
        occupy(all, client)
        resolve()
      },
    }
    const timer = setTimeout(() => {
      leaveLine(all, client, turn)
      dropIfIdle(all, client)
      reject(new OverloadedError('the query waited too long for its turn; try again'))
    }, all.patienceMs)
    client.waiting.push(turn)
    all.waitingInAll++
  })
}

function leaveLine(all: Admissions, client: Client, turn: Turn): void {
  client.waiting.splice(client.waiting.indexOf(turn), 1)
  all.waitingInAll--
}

function dropIfIdle({ clients }: Admissions, { address, running, waiting }: Client): void {
  if (running === 0 && waiting.length === 0) clients.delete(address)
}

/** Starts waiting requests. The address whose turn is longest ago comes first. */
function startWaiting(all: Admissions): void {
  for (const client of all.clients.values()) {
    if (all.running >= all.atOnce) return
    const [turn] = client.waiting
    if (!turn || !mayStart(all, client)) continue
    leaveLine(all, client, turn)
    // Moves the address to the end of the map, where this loop meets it again.
    all.clients.delete(client.address)
    all.clients.set(client.address, client)
    turn.start()
  }
}
