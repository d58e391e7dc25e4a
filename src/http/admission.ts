import { OverloadedError } from '../errors.ts'

export interface AdmissionOptions {
  /** queries under way at once; one address has at most all but one of them, so that the others always find a place */
  atOnce: number
  /** requests that wait at most, in all and of one address */
  waiting?: { all: number; address: number }
  /** milliseconds after which a waiting request is refused */
  patienceMs?: number
}

interface Waiting {
  start(): void
}

/** More would wait longer than a client does. */
const WAITING = { all: 500, address: 100 }
const PATIENCE_MS = 5_000

/**
 * Lets a bounded number of queries run, and the others wait: in one line for each address, served in turn. One address with
 * hundreds of slow queries then delays its own only.
 */
export function createAdmission({ atOnce, waiting = WAITING, patienceMs = PATIENCE_MS }: AdmissionOptions) {
  const share = Math.max(1, atOnce - 1)
  const lines = new Map<string, Waiting[]>()
  const running = new Map<string, number>()
  let active = 0
  let queued = 0

  /**
   * Runs `work` when its turn comes.
   * @throws OverloadedError if too many wait already, or its turn did not come in time
   */
  async function admit<T>(address: string, work: () => Promise<T>): Promise<T> {
    if (!mayStart(address)) await turn(address)
    else take(address)
    try {
      return await work()
    } finally {
      release(address)
    }
  }

  function mayStart(address: string): boolean {
    return active < atOnce && (running.get(address) ?? 0) < share
  }

  function take(address: string): void {
    active++
    running.set(address, (running.get(address) ?? 0) + 1)
  }

  function release(address: string): void {
    active--
    const left = (running.get(address) as number) - 1
    if (left > 0) running.set(address, left)
    else running.delete(address)
    next()
  }

  function turn(address: string): Promise<void> {
    const line = lines.get(address) ?? []
    if (queued >= waiting.all || line.length >= waiting.address)
      return Promise.reject(new OverloadedError('too many queries are waiting; try again'))
    return new Promise((resolve, reject) => {
      const entry = {
        start() {
          clearTimeout(timer)
          take(address)
          resolve()
        },
      }
      const timer = setTimeout(() => {
        leave(address, entry)
        reject(new OverloadedError('the query waited too long for its turn; try again'))
      }, patienceMs)
      lines.set(address, line)
      line.push(entry)
      queued++
    })
  }

  function leave(address: string, entry: Waiting): void {
    const line = lines.get(address)
    const place = line?.indexOf(entry) ?? -1
    if (!line || place < 0) return
    line.splice(place, 1)
    queued--
    if (line.length === 0) lines.delete(address)
  }

  /** Starts who waits, the address that was served longest ago first. */
  function next(): void {
    for (const [address, line] of lines) {
      if (active >= atOnce) return
      if (!mayStart(address)) continue
      const entry = line[0] as Waiting
      leave(address, entry)
      // To the end of the lines: the others come first now.
      if (line.length > 0) {
        lines.delete(address)
        lines.set(address, line)
      }
      entry.start()
    }
  }

  return admit
}

export type Admission = ReturnType<typeof createAdmission>
