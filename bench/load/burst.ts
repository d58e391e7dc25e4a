/**
 * One address that sends bursts of hundreds of queries. A burst begins when the last one is answered, at most
 * once a second.
 */
import { connect } from 'node:net'
import { answer } from '../child.ts'

export interface Burst {
  /** requested in turn */
  urls: string[]
  /** queries at once, each on a connection of its own */
  queries: number
  /** the local address that they are sent from */
  from: string
}

/** Minimum time between the beginnings of two bursts. */
const INTERVAL_MS = 1_000

/** Answers so far, by HTTP status. */
export type BurstAnswers = Record<string, number>

const answers: BurstAnswers = {}
let running = false
let bursts = Promise.resolve()

answer({
  async start(burst: Burst): Promise<void> {
    running = true
    bursts = repeat(burst)
  },
  /** Resolves when the last burst is answered. */
  async stop(): Promise<BurstAnswers> {
    running = false
    await bursts
    return answers
  },
})

async function repeat({ urls, queries, from }: Burst): Promise<void> {
  while (running)
    await Promise.all([
      new Promise((resolve) => setTimeout(resolve, INTERVAL_MS)),
      ...Array.from({ length: queries }, (_, i) => ask(urls[i % urls.length] as string, from)),
    ])
}

function ask(url: string, localAddress: string): Promise<void> {
  const { hostname, port, pathname, search, host } = new URL(url)
  return new Promise((resolve) => {
    let status = 'none'
    const socket = connect({ host: hostname, port: Number(port), localAddress })
    socket.once('connect', () =>
      socket.write(`GET ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
    )
    socket.once('data', (bytes) => {
      status = /^HTTP\/1\.1 (\d+)/.exec(bytes.toString('latin1'))?.[1] ?? 'none'
    })
    socket.once('error', () => {})
    socket.once('close', () => {
      answers[status] = (answers[status] ?? 0) + 1
      resolve()
    })
  })
}
