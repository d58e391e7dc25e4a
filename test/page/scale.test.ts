import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { load } from './load.ts'

const { axisTimes, axisValues, chartHeight } = await load('scale')

describe('the height of a chart', () => {
  test('is that of its highest bar, with some space', () => {
    const { top, cut } = chartHeight([10, 0, 200, 30], { isCount: false })
    expect(top).toBeGreaterThan(200)
    expect(top).toBeLessThan(220)
    expect(cut).toEqual([])
  })

  test('ignores one absurd amount, whose bar is cut off', () => {
    const { top, cut } = chartHeight([10, 0, 1.15e71, 30], { isCount: false })
    expect(top).toBeLessThan(50)
    expect(cut).toEqual([2])
  })

  test('cuts no bar if all are absurd, if there are none, or if none may be cut', () => {
    expect(chartHeight([0, 1e71, 0], { isCount: false }).cut).toEqual([])
    expect(chartHeight([], { isCount: false })).toEqual({ top: 1, cut: [] })
    expect(chartHeight([1, 1, 700], { isCount: true }).cut).toEqual([])
  })

  test('leaves room above few jobs, but not above small amounts', () => {
    expect(chartHeight([1, 0], { isCount: true }).top).toBe(4)
    expect(chartHeight([0.05, 0.2, 0.1], { isCount: false }).top).toBeLessThan(0.25)
  })
})

describe('an axis', () => {
  test('has round values up to the upper edge', () => {
    expect(axisValues(4, 4, { isCount: true })).toEqual([0, 1, 2, 3, 4])
    expect(axisValues(6400, 3, { isCount: false })).toEqual([0, 2000, 4000, 6000])
    expect(axisValues(1.2e71, 3, { isCount: false })).toHaveLength(3)
    expect(axisValues(0.216, 3, { isCount: false })).toEqual([0, 0.1, 0.2])
    expect(axisValues(1, 4, { isCount: true })).toEqual([0, 1])
  })

  test('has round times whose labels do not touch', () => {
    const begin = 1_790_000_000 - (1_790_000_000 % 3600)
    const times = axisTimes(begin, begin + 3600, [300, 600, 900], { width: 420, space: 52 })
    expect(times.map((time: number) => time - begin)).toEqual([0, 600, 1200, 1800, 2400, 3000])
  })

  test.each(['2026-10-25', '2026-03-29'])('has round local times also if the clocks change on %s', (day) => {
    vi.stubEnv('TZ', 'Europe/Berlin')
    onTestFinished(() => void vi.unstubAllEnvs())
    const noon = Date.parse(`${day}T12:00:00Z`) / 1000
    const times = (distance: number) =>
      axisTimes(noon - 3 * 86_400, noon + 3 * 86_400, [distance], { width: 6_000, space: 1 })
    const days = times(86_400).map((time: number) => new Date(time * 1000))
    expect(days.map((date: Date) => date.getHours())).toEqual([0, 0, 0, 0, 0, 0])
    expect(new Set(days.map((date: Date) => date.getDate())).size).toBe(6)
    const tenMinutes: number[] = times(600)
    expect(tenMinutes.every((time, i) => i === 0 || time - (tenMinutes[i - 1] ?? 0) === 600)).toBe(true)
  })
})
