import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { FakeEventSource } from './fakeEventSource.ts'
import { load } from './load.ts'

/** States that the stream has reported. */
let states: string[]
let stream: { close(): void }

beforeEach(async () => {
  vi.useFakeTimers()
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('EventSource', FakeEventSource)
  vi.stubGlobal('addEventListener', () => {})
  vi.stubGlobal('removeEventListener', () => {})
  const { openStream } = await load('stream')
  states = []
  const onState = (state: string) => states.push(state)
  stream = openStream({ filters: [], keepaliveSeconds: 15, onState, onEvent() {} })
  FakeEventSource.latest.receive('connected', { blockNumber: '1' }, 1)
})

afterEach(() => {
  stream.close()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('a refusal is reported once; reconnects that fail after it are reported as lost', () => {
  const source = FakeEventSource.latest
  source.receive('unavailable', { reason: 'draining', retryAfter: 15 }, 1)
  source.fail()
  source.fail()
  expect(states).toEqual(['connecting', 'live', 'refused', 'lost'])
})

test('a reconnect that is never answered is replaced, but not before the longest delay of a server', () => {
  const source = FakeEventSource.latest
  vi.advanceTimersByTime(20_000)
  source.fail()
  vi.advanceTimersByTime(70_000)
  expect(FakeEventSource.latest).toBe(source)
  // Another attempt that failed: the time counts from it.
  source.fail()
  vi.advanceTimersByTime(80_000)
  expect(FakeEventSource.latest).toBe(source)
  vi.advanceTimersByTime(20_000)
  expect(FakeEventSource.latest).not.toBe(source)
  expect(source.readyState).toBe(FakeEventSource.CLOSED)
})

test('a first connection that is never answered is replaced', async () => {
  const { openStream } = await load('stream')
  stream.close()
  stream = openStream({ filters: [], keepaliveSeconds: 15, onState() {}, onEvent() {} })
  const source = FakeEventSource.latest
  source.readyState = FakeEventSource.CONNECTING
  vi.advanceTimersByTime(100_000)
  expect(FakeEventSource.latest).not.toBe(source)
})

test('a silent socket is replaced, but one that was accepted after a long delay gets time for its first event', () => {
  const source = FakeEventSource.latest
  source.fail()
  vi.advanceTimersByTime(60_000)
  source.readyState = FakeEventSource.OPEN
  source.dispatchEvent(new Event('open'))
  vi.advanceTimersByTime(5000)
  expect(FakeEventSource.latest).toBe(source)
  vi.advanceTimersByTime(40_000)
  expect(FakeEventSource.latest).not.toBe(source)
})
