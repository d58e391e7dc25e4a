import { messageOf } from '../messages.ts'
import { splitCredentials } from './credentials.ts'
import { answerError, RpcError, timeoutError, tooLargeError } from './errors.ts'
import { maxBytesOf, type SendOptions } from './transport.ts'

/** The answer to a POST, with any status but 429. */
export interface Answer {
  /** undefined if the body is not JSON */
  json: unknown
  response: Response
}

/**
 * Posts a body as JSON.
 * @throws RpcError if no complete answer came in time, if it has too many bytes, or if the endpoint limits the
 * rate of requests
 */
type Post = (body: unknown, options: SendOptions) => Promise<Answer>

/**
 * Returns a function that posts to a URL. viem's HTTP client is not used: it hides the HTTP status of a
 * JSON-RPC error, and its timeout does not cover the body.
 * @param url may hold credentials, which are sent as basic authentication
 */
export function createPost(url: string): Post {
  const origin = new URL(url).origin
  const { bareUrl, headers: credentials } = splitCredentials(url)
  const headers = { ...credentials, 'content-type': 'application/json' }

  return async function post(body, options) {
    const { timeoutMs } = options
    const signal = AbortSignal.timeout(timeoutMs)
    const maxBytes = maxBytesOf(options)
    try {
      const response = await fetch(bareUrl, { method: 'POST', headers, body: JSON.stringify(body), signal })
      const text = await readText(response, maxBytes)
      if (text === null) throw tooLargeError(origin, maxBytes)
      // Some providers add a JSON-RPC error with a code of their own. The status says what it means.
      if (response.status === 429) throw answerError(origin, response)
      return { json: parse(text), response }
    } catch (error) {
      if (error instanceof RpcError) throw error
      if (signal.aborted) throw timeoutError(origin, timeoutMs)
      throw new RpcError(origin, 'no-answer', messageOf(error))
    }
  }
}

/** Reads the text of a body; null if it has more than `maxBytes`. */
async function readText({ body }: Response, maxBytes: number): Promise<string | null> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.length
    // Leaving the loop cancels the stream.
    if (size > maxBytes) return null
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
