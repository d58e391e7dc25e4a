import { expect, it } from 'vitest'
import { feedEventOf } from '../../src/feed/event.ts'
import { append, eventsAfter, type Tail } from '../../src/feed/tail.ts'

const TEXT = 'x'.repeat(10_000)
const event = (id: number, text = TEXT) =>
  feedEventOf({ id, type: 'job_created', data: JSON.stringify({ jobId: String(id), text }), before: null })

function tailOf(capacity: Tail['capacity']): Tail {
  return { events: [], bytes: 0, lastId: 0, capacity }
}

it('memory holds a bounded number of events, the newest', () => {
  const tail = tailOf({ events: 10, bytes: 1e9 })
  for (let id = 1; id <= 100; id++) {
    append(tail, [event(id, '')])
    expect(tail.events.length).toBeLessThanOrEqual(15)
  }
  expect(eventsAfter(tail, 90, 99)?.map(({ id }) => id)).toEqual([91, 92, 93, 94, 95, 96, 97, 98, 99, 100])
})

it('memory holds a bounded number of bytes of events with long texts, however few they are', () => {
  const tail = tailOf({ events: 8_192, bytes: 100_000 })
  for (let id = 1; id <= 100; id++) {
    append(tail, [event(id)])
    const bytes = tail.events.reduce((sum, each) => sum + ('chunk' in each ? each.chunk.length : 0), 0)
    expect(tail.bytes).toBe(bytes)
    expect(bytes).toBeLessThanOrEqual(150_000)
  }
  expect(tail.lastId).toBe(100)
  expect(eventsAfter(tail, 95, 99)?.map(({ id }) => id)).toEqual([96, 97, 98, 99, 100])
  expect(eventsAfter(tail, 50, 99)).toBeUndefined()
})
