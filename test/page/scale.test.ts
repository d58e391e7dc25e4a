import { describe, expect, test } from 'vitest'

const { axisTimes, axisValues, chartHeight } = await import(
  new URL('../../src/page/scale.js', import.meta.url).href
)

describe('the height of a chart', () => {
  test('is that of its highest bar, with some space', () => {
    const { top, cut } = chartHeight([10, 0, 200, 30], { canCut: true })
    expect(top).toBeGreaterThan(200)
    expect(top).toBeLessThan(220)
    expect(cut).toEqual([])
  })

  test('ignores one absurd amount, whose bar is cut off', () => {
    const { top, cut } = chartHeight([10, 0, 1.15e71, 30], { canCut: true })
    expect(top).toBeLessThan(50)
    expect(cut).toEqual([2])
  })

  test('cuts no bar if all are absurd, if there are none, or if none may be cut', () => {
    expect(chartHeight([0, 1e71, 0], { canCut: true }).cut).toEqual([])
    expect(chartHeight([], { canCut: true })).toEqual({ top: 4, cut: [] })
    expect(chartHeight([1, 1, 700], { canCut: false }).cut).toEqual([])
  })
})

describe('an axis', () => {
  test('has round values up to the upper edge', () => {
    expect(axisValues(4, 4)).toEqual([0, 1, 2, 3, 4])
    expect(axisValues(6400, 3)).toEqual([0, 2000, 4000, 6000])
    expect(axisValues(1.2e71, 3)).toHaveLength(3)
  })

  test('has round times whose labels do not touch', () => {
    const begin = 1_790_000_000 - (1_790_000_000 % 3600)
    const times = axisTimes(begin, begin + 3600, [300, 600, 900], { width: 420, space: 52 })
    expect(times.map((time: number) => time - begin)).toEqual([0, 600, 1200, 1800, 2400, 3000])
  })
})
