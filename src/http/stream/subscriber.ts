import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Connected } from '../../events.ts'
import type { EventFilter } from '../../feed/batch.ts'
import type { Fanout } from '../../feed/fanout.ts'
import type { Feed } from '../../feed/feed.ts'
import { bytesFor, encodeChunk, encodeFrame } from '../../feed/frames.ts'
import { freshnessOf, type Indexed } from '../../feed/freshness.ts'
import { jitter } from './jitter.ts'
import { endConnection, setStreamHeaders } from './response.ts'
import type { Start } from './start.ts'

/** Milliseconds after which a client reconnects if its connection breaks. */
const BROKEN_RETRY_MS = { from: 2_000, to: 4_000 }
/** Milliseconds after which a client reconnects if the server ends its stream. */
const ENDED_RETRY_MS = { from: 1_000, to: 5_000 }

interface OpenStream {
  response: ServerResponse
  socket: Socket
  /** false for HTTP/1.0 */
  chunked: boolean
  filter: EventFilter
  start: Start
}

/**
 * Sends the headers and the first frame of a stream, and adds it to the fan-out until its response ends.
 * Its frames are written directly to the socket, because they are already encoded.
 * @param onClose called once, when the response has ended or the connection is lost
 */
export function addSubscriber(feed: Feed, fanout: Fanout, stream: OpenStream, onClose: () => void): void {
  const { response, socket, chunked, filter, start } = stream
  setStreamHeaders(response)
  response.flushHeaders()
  const subscriber = fanout.open({
    socket,
    filter,
    chunked,
    position: start.position,
    first: connectedFrame(start, feed.indexed()),
    end(how) {
      fanout.remove(subscriber)
      if (how === 'reset' || !socket.writable) return void socket.resetAndDestroy()
      socket.write(bytesFor(chunked, encodeChunk(encodeFrame({ retry: jitter(ENDED_RETRY_MS) }))))
      response.end()
      endConnection(socket)
    },
  })
  const onDrain = () => fanout.continueStream(subscriber)
  socket.on('drain', onDrain)
  response.once('close', () => {
    socket.off('drain', onDrain)
    fanout.remove(subscriber)
    onClose()
  })
}

function connectedFrame({ position, resumed }: Start, indexed: Indexed): string {
  const data: Connected = { type: 'connected', ...freshnessOf(indexed), resumed }
  return encodeFrame({
    retry: jitter(BROKEN_RETRY_MS),
    id: position,
    event: 'connected',
    data: JSON.stringify(data),
  })
}
