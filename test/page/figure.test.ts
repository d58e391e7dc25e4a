import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { fakeDocument } from './fakeElement.ts'
import { load } from './load.ts'

const document = fakeDocument()

beforeAll(() => {
  vi.stubGlobal('location', { search: '' })
  vi.stubGlobal('document', document)
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
    },
  )
})

afterAll(() => vi.unstubAllGlobals())

/** A range of bars of one second. */
const range = {
  step: 1,
  ticks: [1],
  space: 50,
  unit: 'per second',
  label: String,
  when: (at: number) => `at ${at}`,
}
const tally = (at: number, jobs: number) => ({ at, jobs, tone: '0' })

test('the value of the bar under the pointer follows each drawing, and is empty if there is no such bar any more', async () => {
  const { createFigure } = await load('figure')
  const figure = createFigure('jobs', () => {})
  const readout = document.getElementById('jobs-figure').querySelector('.readout')
  figure.draw(range, [tally(4, 1)], 0, 5)
  expect(readout.textContent).toBe('')
  figure.point(4)
  expect(readout.textContent).toBe('at 4: 1 job')
  figure.draw(range, [tally(4, 1), tally(5, 2)], 1, 6)
  expect(readout.textContent).toBe('at 5: 2 jobs')
  figure.draw(range, [tally(5, 2)], 4, 6)
  expect(readout.textContent).toBe('')
  figure.point(1)
  figure.point(null)
  figure.draw(range, [tally(5, 2)], 4, 6)
  expect(readout.textContent).toBe('')
})
