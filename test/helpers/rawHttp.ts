import { connect, type Socket } from 'node:net'
import { until } from './until.ts'

/** A TCP connection on which a test writes raw HTTP and reads every byte of the response. */
export interface RawConnection {
  socket: Socket
  /** the bytes received so far, as latin1: one character per byte */
  received(): string
  /** whether it is open, was ended with FIN, or was reset */
  ending(): 'open' | 'clean' | 'reset'
  send(text: string | Buffer): void
  /** Waits until the received bytes contain the text. */
  until(text: string): Promise<string>
  untilEnded(): Promise<'clean' | 'reset'>
  close(): void
}

export async function openRaw(url: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  const chunks: Buffer[] = []
  let ending: ReturnType<RawConnection['ending']> = 'open'
  socket.on('data', (chunk) => chunks.push(chunk))
  socket.on('end', () => {
    ending = 'clean'
  })
  socket.on('error', () => {
    if (ending === 'open') ending = 'reset'
  })
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  const received = () => Buffer.concat(chunks).toString('latin1')
  return {
    socket,
    received,
    ending: () => ending,
    send: (text) => void socket.write(text),
    async until(text) {
      await until(() => received().includes(text), { message: `${JSON.stringify(text)} arrives` }).catch(
        (error) => {
          throw new Error(`${error.message}; received ${JSON.stringify(received())}`)
        },
      )
      return received()
    },
    untilEnded() {
      return until(() => ending !== 'open' && ending, { message: 'the connection ends' })
    },
    close: () => socket.destroy(),
  }
}

export interface RawAnswer {
  status: number
  /** in the order and spelling in which they were received */
  headers: [name: string, value: string][]
  header(name: string): string | undefined
  /** the part received so far, without chunk framing */
  body: string
  complete: boolean
  /** the bytes after this response */
  rest: string
}

/**
 * Parses the first response of a connection, strictly by RFC 9112.
 * @param ended whether the connection has ended; this also ends a body without a length
 * @throws Error for anything that is not HTTP
 */
export function parseAnswer(text: string, { head = false, ended = false } = {}): RawAnswer {
  const end = text.indexOf('\r\n\r\n')
  if (end < 0) throw new Error(`no end of headers in ${JSON.stringify(text.slice(0, 200))}`)
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n')
  const status = Number(/^HTTP\/1\.1 ([1-5][0-9]{2}) [\x20-\x7e]*$/.exec(statusLine)?.[1])
  if (!status) throw new Error(`not a status line: ${JSON.stringify(statusLine)}`)
  const headers = lines.map((line) => {
    const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\r\n]*?)[ \t]*$/.exec(line) ?? []
    if (name === undefined || value === undefined) throw new Error(`not a header: ${JSON.stringify(line)}`)
    return [name, value] as [string, string]
  })
  const header = (name: string) => headers.find(([found]) => found.toLowerCase() === name.toLowerCase())?.[1]
  const after = text.slice(end + 4)
  const answer = (body: string, complete: boolean, rest = '') => ({
    status,
    headers,
    header,
    body,
    complete,
    rest,
  })
  if (head || status === 204 || status === 304 || status < 200) return answer('', true, after)
  if (header('transfer-encoding') === 'chunked') {
    const { body, complete, rest } = readChunks(after)
    return answer(body, complete, rest)
  }
  const length = header('content-length')
  if (length === undefined) return answer(after, ended)
  const size = Number(length)
  return answer(after.slice(0, size), after.length >= size, after.slice(size))
}

function readChunks(text: string): { body: string; complete: boolean; rest: string } {
  let body = ''
  let at = 0
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd < 0) return { body, complete: false, rest: '' }
    const line = text.slice(at, lineEnd)
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line.slice(0, 80))}`)
    const size = Number.parseInt(line, 16)
    const dataEnd = lineEnd + 2 + size
    if (text.length < dataEnd + 2)
      return { body: body + text.slice(lineEnd + 2, dataEnd), complete: false, rest: '' }
    if (text.slice(dataEnd, dataEnd + 2) !== '\r\n') throw new Error('a chunk does not end where it says')
    body += text.slice(lineEnd + 2, dataEnd)
    at = dataEnd + 2
    if (size === 0) return { body, complete: true, rest: text.slice(at) }
  }
}
