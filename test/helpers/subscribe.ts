import { onTestFinished } from 'vitest'
import { type EventStream, openStream } from './eventStream.ts'

/**
 * Subscribes to the events of a server with a real EventSource client. The stream ends with the test.
 * @param options.query with its `?`
 */
export function subscribe(
  { url }: { url: string },
  {
    query = '',
    headers = {},
    lastEventId,
  }: { query?: string; headers?: Record<string, string>; lastEventId?: string | number } = {},
): EventStream {
  const stream = openStream(`${url}/api/v1/events${query}`, {
    headers,
    ...(lastEventId !== undefined && { lastEventId: String(lastEventId) }),
  })
  onTestFinished(() => stream.close())
  return stream
}
