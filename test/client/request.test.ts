import { expect, test, vi } from 'vitest'
import { apiUrl, isTransient, JobcastError } from '../../client/src/request.ts'
import { backoff, LONGEST_TIMER, pause } from '../../client/src/retry.ts'

test('an address keeps the path and drops the query of its base', () => {
  expect(apiUrl('http://localhost:3000', 'api/v1/jobs').href).toBe('http://localhost:3000/api/v1/jobs')
  expect(apiUrl('https://example.com/jobcast/?a=1', 'ready').href).toBe('https://example.com/jobcast/ready')
})

test('a base that is no http URL is refused at once', () => {
  expect(() => apiUrl('localhost:3000', 'ready')).toThrow('not an http(s) URL')
  expect(() => apiUrl('no url', 'ready')).toThrow('Invalid URL')
})

test('a base with a doubled slash stays on its host', () => {
  expect(apiUrl('http://localhost:3000//jobcast//', 'ready').host).toBe('localhost:3000')
})

test('a base with a password is refused at once, without the password in the message', () => {
  expect(() => apiUrl('http://user:s3cret@h', 'ready')).toThrow(
    /^a URL with a user name or a password .*: h$/,
  )
})

test('a browser without AbortSignal.any is refused at once', () => {
  vi.stubGlobal('AbortSignal', class {})
  try {
    expect(() => apiUrl('http://h', 'ready')).toThrow('this browser has no AbortSignal.any')
  } finally {
    vi.unstubAllGlobals()
  }
})

test('a filter is written as the API expects it, whatever its parameters are called, and empty values are left out', () => {
  const filter = {
    clientId: [7n, '8'],
    strategyType: 'PROGRAM',
    verificationLevel: [],
    status: undefined,
    minBudget: 100.5,
  }
  expect([...apiUrl('http://h', 'p', filter).searchParams]).toEqual([
    ['clientId', '7,8'],
    ['strategyType', 'PROGRAM'],
    ['minBudget', '100.5'],
  ])
})

test('temporary failures are retried, refusals are not', () => {
  for (const status of [408, 425, 429, 500, 502, 503])
    expect(isTransient(new JobcastError(status, '', ''))).toBe(true)
  for (const status of [400, 401, 403, 404, 410])
    expect(isTransient(new JobcastError(status, '', ''))).toBe(false)
  expect(isTransient(new TypeError('fetch failed'))).toBe(true)
})

test('the wait doubles with each failure up to its limit, and is never shorter than asked for', () => {
  const within = (ms: number, low: number) => {
    expect(ms).toBeGreaterThanOrEqual(low)
    expect(ms).toBeLessThanOrEqual(low * 1.3)
  }
  for (let i = 0; i < 100; i++) {
    within(backoff(3000, 0), 3000)
    within(backoff(3000, 1), 3000)
    within(backoff(3000, 3), 12_000)
    within(backoff(3000, 1_000_000), 30_000)
    within(backoff(60_000, 2), 60_000)
    within(backoff(0, 1), 250)
    within(backoff(3000, 1, new JobcastError(429, '', '', 45_000)), 45_000)
  }
})

test('no wait is longer than a timer can hold, which would end it at once', async () => {
  for (const ms of [2 ** 31, 1e12, Number.POSITIVE_INFINITY]) {
    expect(backoff(ms, 1)).toBe(LONGEST_TIMER)
    expect(backoff(3000, 1, new JobcastError(429, '', '', ms))).toBe(LONGEST_TIMER)
    const control = new AbortController()
    let over = false
    const waiting = pause(backoff(ms, 1), control.signal).then(() => {
      over = true
    })
    await pause(20)
    expect(over).toBe(false)
    control.abort()
    await waiting
  }
})
