import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { coalesce } from '../../src/http/coalesce.ts'

/** A value that grows, and reads of it that end when the test ends them. */
function store() {
  const open: ((error?: Error) => void)[] = []
  let committed = 0
  const begun: string[] = []
  return {
    begun,
    commit: () => ++committed,
    read(query: { page: string }) {
      const snapshot = committed
      begun.push(query.page)
      return new Promise<number>((resolve, reject) => {
        open.push((error) => (error ? reject(error) : resolve(snapshot)))
      })
    },
    async end(error?: Error) {
      open.shift()?.(error)
      await setImmediate()
    },
  }
}

describe('shared reads', () => {
  it('are at most two for any number of callers: the running one, and one that begins after it', async () => {
    const { begun, read, end } = store()
    const shared = coalesce(read)
    const answers = Array.from({ length: 100 }, () => shared({ page: 'first' }))
    expect(begun).toEqual(['first'])
    await end()
    expect(begun).toEqual(['first', 'first'])
    await end()
    expect(await Promise.all(answers)).toEqual(Array(100).fill(0))
    expect(begun).toEqual(['first', 'first'])
  })

  it('do not overlap: a call after the end of one and before the start of the next joins the next', async () => {
    const { begun, read, end } = store()
    const shared = coalesce(read)
    const first = shared({ page: 'first' })
    const between = first.then(() => shared({ page: 'first' }))
    const next = shared({ page: 'first' })
    await end()
    expect(begun).toEqual(['first', 'first'])
    await end()
    expect(await Promise.all([between, next])).toEqual([0, 0])
    expect(begun).toEqual(['first', 'first'])
  })

  it('return everything that was committed before the call', async () => {
    const { read, commit, end } = store()
    const shared = coalesce(read)
    const early = shared({ page: 'first' })
    commit()
    const late = shared({ page: 'first' })
    await end()
    await end()
    expect(await early).toBe(0)
    expect(await late).toBe(1)
  })

  it('are shared by callers of the same query only, and a failed read fails only its callers', async () => {
    const { begun, read, end } = store()
    const shared = coalesce(read)
    const failing = shared({ page: 'first' })
    const other = shared({ page: 'second' })
    const next = shared({ page: 'first' })
    expect(begun).toEqual(['first', 'second'])
    await end(new Error('broken'))
    await expect(failing).rejects.toThrow('broken')
    await end()
    await end()
    expect(await Promise.all([other, next])).toEqual([0, 0])
  })
})
