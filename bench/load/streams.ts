/** Stream load: many subscribers as bare sockets, which record when each event arrives. */
import { connect, type NetConnectOpts } from 'node:net'
import { answer } from '../child.ts'
import { clock } from '../clock.ts'

export interface StreamLoad {
  url: string
  streams: number
  /** stream i requests `queries[i % queries.length]` */
  queries?: string[]
}

/** Streams opened at once: fewer than a listen backlog holds. */
const OPENING = 200
const EVENT = Buffer.from('event: job_created')

const shared = Buffer.allocUnsafe(64 * 1024)
const times: number[] = []
let expected = Number.POSITIVE_INFINITY
let complete = () => {}

answer({ open, arm, receipts })

async function open({ url, streams, queries = [''] }: StreamLoad): Promise<void> {
  const { hostname, port, pathname, host } = new URL(url)
  for (let done = 0; done < streams; done += OPENING) {
    const size = Math.min(OPENING, streams - done)
    await Promise.all(
      Array.from({ length: size }, (_, i) =>
        stream(hostname, Number(port), host, `${pathname}${queries[(done + i) % queries.length]}`),
      ),
    )
  }
}

/**
 * Called before an event is committed: expects `count` receipts. Throws if receipts of the last event are
 * left over.
 */
function arm(count: number): void {
  if (times.length > 0) throw new Error(`${times.length} events more than there are streams`)
  expected = count
}

/** Resolves when all receipts have arrived, with the time of each: milliseconds of the shared clock. */
function receipts(): Promise<number[]> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`${times.length} of ${expected} events within 60 s`)),
      60_000,
    )
    complete = () => {
      clearTimeout(timer)
      complete = () => {}
      expected = Number.POSITIVE_INFINITY
      resolve(times.splice(0))
    }
    if (times.length >= expected) complete()
  })
}

function stream(hostname: string, port: number, host: string, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let opened = false
    const socket = connect({
      host: hostname,
      port,
      // One buffer for all sockets: its content is examined before the next read.
      onread: {
        buffer: shared,
        callback(length: number) {
          const bytes = shared.subarray(0, length)
          if (opened) count(bytes)
          else if (bytes.includes('event: connected')) {
            opened = true
            resolve()
          } else if (!bytes.includes('HTTP/1.1 200')) reject(new Error(bytes.toString('latin1')))
          return true
        },
      },
    } as NetConnectOpts)
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the stream was closed')))
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nAccept: text/event-stream\r\n\r\n`)
  })
}

function count(bytes: Buffer): void {
  for (let at = bytes.indexOf(EVENT); at >= 0; at = bytes.indexOf(EVENT, at + EVENT.length))
    times.push(clock())
  if (times.length >= expected) complete()
}
