import { setImmediate } from 'node:timers/promises'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { OverloadedError } from '../../src/errors.ts'
import { createAdmission } from '../../src/http/admission.ts'

/** Queries that end when the test ends them, and the order in which they began. */
function createQueries() {
  const began: string[] = []
  const ends = new Map<string, () => void>()
  const work = (name: string) => () => {
    began.push(name)
    return new Promise<string>((resolve) => ends.set(name, () => resolve(name)))
  }
  return {
    began,
    work,
    async end(name: string) {
      ends.get(name)?.()
      await setImmediate()
    },
  }
}

describe('admission', () => {
  it('runs a bounded number of queries at once, in the order of arrival', async () => {
    // Time stands still: on a busy machine the queries would count as slow.
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { began, work, end } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 3 })
    // The first query of an address runs alone; the others follow once it has been quick.
    for (const name of ['a0', 'a1', 'a2', 'a3']) void admit('a', work(name))
    await end('a0')
    void admit('b', work('b1'))
    void admit('b', work('b2'))
    await setImmediate()
    expect(began).toEqual(['a0', 'a1', 'a2', 'b1'])
    await end('a1')
    expect(began).toEqual(['a0', 'a1', 'a2', 'b1', 'a3'])
    await end('a2')
    await end('b1')
    expect(began).toEqual(['a0', 'a1', 'a2', 'b1', 'a3', 'b2'])
  })

  it('runs one query at a time for an address whose queries are slow, and for one that is not known yet', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { began, work, end } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 10 })
    for (let i = 0; i < 5; i++) admit('slow', work(`slow ${i}`)).catch(() => {})
    await setImmediate()
    expect(began).toEqual(['slow 0'])
    vi.advanceTimersByTime(60)
    await end('slow 0')
    expect(began).toEqual(['slow 0', 'slow 1'])
  })

  it('keeps one place free for other addresses, however many queries one address sends', async () => {
    const { began, work } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 2 })
    for (let i = 0; i < 50; i++) admit('greedy', work(`greedy ${i}`)).catch(() => {})
    void admit('modest', work('modest'))
    await setImmediate()
    expect(began).toEqual(['greedy 0', 'modest'])
  })

  it('serves addresses in turn, however many queries each has', async () => {
    const { began, work, end } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 1 })
    for (const name of ['a1', 'a2', 'a3']) void admit('a', work(name))
    void admit('b', work('b1'))
    void admit('c', work('c1'))
    await setImmediate()
    for (const name of ['a1', 'b1', 'c1', 'a2']) await end(name)
    expect(began).toEqual(['a1', 'b1', 'c1', 'a2', 'a3'])
  })

  it('serves an address that waits before one that began a query more recently', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    onTestFinished(() => void vi.useRealTimers())
    const { began, work, end } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 4 })
    // Each is quick once its first query has ended.
    for (const name of ['a', 'b']) {
      void admit(name, work(`${name}0`))
      void admit(name, work(`${name}1`))
      await end(`${name}0`)
    }
    void admit('c', work('c0'))
    for (const name of ['a2', 'b2', 'a3']) void admit(name.charAt(0), work(name))
    await setImmediate()
    expect(began).toEqual(['a0', 'a1', 'b0', 'b1', 'c0', 'a2'])
    await end('c0')
    await end('a1')
    expect(began.slice(-2)).toEqual(['b2', 'a3'])
  })

  it('refuses a query if too many wait, or if it waited too long', async () => {
    const { work, end } = createQueries()
    const { run: admit } = createAdmission({ atOnce: 1, maxWaiting: { all: 3, address: 2 }, maxWaitMs: 20 })
    const first = admit('a', work('a1'))
    const late = admit('a', work('a2'))
    const alsoLate = admit('a', work('a3'))
    await expect(admit('a', work('a4'))).rejects.toThrow(OverloadedError)
    const ofAnother = admit('b', work('b1'))
    await expect(admit('c', work('c1'))).rejects.toThrow(OverloadedError)
    await Promise.all([late, alsoLate, ofAnother].map((each) => expect(each).rejects.toThrow('too long')))
    await end('a1')
    expect(await first).toBe('a1')
    const next = admit('a', work('a5'))
    await end('a5')
    expect(await next).toBe('a5')
  })

  it('counts the requests that wait', async () => {
    const { run, waiting } = createAdmission({ atOnce: 1 })
    const { work, end } = createQueries()
    for (const name of ['a1', 'a2', 'a3']) void run('a', work(name))
    expect(waiting()).toBe(2)
    await end('a1')
    expect(waiting()).toBe(1)
    // To the last: a request left waiting would be refused during another test.
    await end('a2')
    expect(waiting()).toBe(0)
  })

  it('says beforehand which addresses it would refuse', async () => {
    const { run, assertNotFull } = createAdmission({ atOnce: 2, maxWaiting: { all: 3, address: 1 } })
    const { work, end } = createQueries()
    for (const name of ['a1', 'a2']) void run('a', work(name))
    expect(() => assertNotFull('a')).toThrow(OverloadedError)
    expect(() => assertNotFull('b')).not.toThrow()
    await end('a1')
    expect(() => assertNotFull('a')).not.toThrow()
  })

  it('gives the place of a failed query to the next', async () => {
    const { run: admit } = createAdmission({ atOnce: 1 })
    const failed = admit('a', () => Promise.reject(new Error('broken')))
    const next = admit('a', async () => 'done')
    await expect(failed).rejects.toThrow('broken')
    expect(await next).toBe('done')
  })
})
