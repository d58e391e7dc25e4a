import { createRandom } from '../helpers/random.ts'
import { openRaw, parseAnswer, type RawAnswer } from '../helpers/rawHttp.ts'
import { until } from '../helpers/until.ts'
import { type FuzzRequest, randomRequest } from './requests.ts'

/** Requests at a time. */
const AT_ONCE = 25
/** The client closes a connection with an unfinished request if it gets no answer within this time. */
const PATIENCE_MS = 100

/**
 * Sends random requests to a server.
 * @returns the number of answers by status; 0 counts unfinished requests without an answer
 * @throws Error with the request, if it is complete and gets no answer, or if an answer is not well-formed
 */
export async function fuzz(url: string, requests: number, seed: number): Promise<Map<number, number>> {
  const random = createRandom(seed)
  const statuses = new Map<number, number>()
  let left = requests
  async function work(): Promise<void> {
    while (left > 0) {
      left--
      const request = randomRequest(random)
      try {
        const status = await exchange(url, request)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      } catch (error) {
        left = 0
        throw new Error(
          `${(error as Error).message}\nrequest: ${JSON.stringify(request.text.slice(0, 2_000))}`,
        )
      }
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return statuses
}

async function exchange(url: string, { method, text, unfinished }: FuzzRequest): Promise<number> {
  const connection = await openRaw(url)
  const head = method === 'HEAD'
  try {
    connection.send(Buffer.from(text, 'latin1'))
    const began = performance.now()
    let answer: RawAnswer | undefined
    await until(
      () => {
        const ended = connection.ending() !== 'open'
        const received = connection.received()
        if (received.includes('\r\n\r\n')) answer = parseAnswer(received, { head, ended })
        if (answer?.complete || ended) return true
        if (answer?.header('content-type') === 'text/event-stream' && answer.body.includes('\n\n'))
          return true
        return unfinished && performance.now() - began > PATIENCE_MS
      },
      { message: `an answer; received ${JSON.stringify(connection.received().slice(0, 500))}` },
    )
    if (!answer) {
      if (connection.received() !== '' || !unfinished)
        throw new Error(`no answer: ${JSON.stringify(connection.received().slice(0, 500))}`)
      return 0
    }
    check(answer, head)
    return answer.status
  } finally {
    connection.close()
  }
}

/** Every status that the server may answer to any request. */
const STATUSES = [200, 100, 204, 302, 304, 400, 404, 405, 408, 417, 431, 503]

function check(answer: RawAnswer, head: boolean): void {
  const { status, body } = answer
  if (!STATUSES.includes(status)) throw new Error(`status ${status}: ${body.slice(0, 500)}`)
  if (status < 400 || head || body === '' || answer.header('content-encoding')) return
  const { success, error, status: readiness } = JSON.parse(body)
  if (readiness === 'not ready') return
  if (success !== false || typeof error.code !== 'string' || typeof error.message !== 'string')
    throw new Error(`not the envelope of an error: ${body.slice(0, 500)}`)
  if (body.length > 2_000) throw new Error(`an error of ${body.length} bytes: ${body.slice(0, 200)}`)
}
