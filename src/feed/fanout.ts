import type { Feed } from './feed.ts'
import { bytesFor, encodeChunk } from './frames.ts'
import { createSubscribers, isBehind, type NewSubscriber, type Subscriber } from './subscribers.ts'
import { type SweepOptions, startSweeps } from './sweep.ts'
import { schedule, scheduleAll } from './walk.ts'
import { createWalk, type Walk, write } from './walkState.ts'

/**
 * Bytes written to a subscriber at a time. A socket buffers at least as many before `write` returns false:
 * 16 kB on Node 20.
 */
const BATCH_BYTES = 16 * 1024

interface FanoutOptions extends SweepOptions {
  metrics: Walk['metrics']
  /** bytes at which a batch ends; the model in test/ sets a small number, so that batches end often */
  batchBytes?: number
}

/**
 * Sends the feed to all subscribers, each from its own position. A slow client costs a position and its
 * socket's buffer, and does not delay others: it continues from its position when its socket has drained.
 */
export function createFanout(
  feed: Feed,
  { keepaliveMs, stallMs, metrics, batchBytes = BATCH_BYTES }: FanoutOptions,
) {
  const { all, add, remove } = createSubscribers()
  const walk = createWalk({ feed, metrics, subscribers: all, batchBytes })
  const stopSweeps = startSweeps(walk, { keepaliveMs, stallMs })
  const endAll = () => {
    for (const { end } of all) end('cleanly')
  }
  feed.watch({ onChange: () => scheduleAll(walk), onTailReplaced: endAll })

  return {
    /** Returns the number of open streams. */
    size: () => all.size,
    /** Returns the number of open streams whose socket is full. */
    countFullSockets: () => [...all].filter(({ noProgressSince }) => noProgressSince > 0).length,
    /** Adds a stream: its first frame is sent, then each event after its position that passes its filter. */
    open(opening: NewSubscriber): Subscriber {
      const subscriber = add(opening)
      subscriber.catchingUp = isBehind(feed, subscriber)
      walk.sliceStartedAt = performance.now()
      write(walk, subscriber, bytesFor(opening.chunked, encodeChunk(opening.first)))
      schedule(walk, subscriber)
      return subscriber
    },
    remove,
    /** Continues a stream whose socket has drained. */
    continueStream(subscriber: Subscriber): void {
      subscriber.noProgressSince = 0
      subscriber.unsent = undefined
      schedule(walk, subscriber)
    },
    endAll,
    close: stopSweeps,
  }
}

export type Fanout = ReturnType<typeof createFanout>
