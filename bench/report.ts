import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { median } from './quantile.ts'

/** One figure of a bench: several measurements of Jobcast, and of the floor that it is compared with. */
export interface Figure {
  what: string
  unit: string
  /** one value for each round */
  jobcast: number[]
  floor?: { name: string; values: number[] }
  /** bounds the ratio to the floor if there is one, otherwise Jobcast's median */
  goal?: { atLeast: number } | { atMost: number }
}

export interface Bench {
  name: string
  /** what it measures */
  about: string
  leavesOut: string
  run(options: { quick: boolean }): Promise<Figure[]>
}

/** The ratio of each round to the round of the floor beside it; undefined without a floor. */
function ratios({ jobcast, floor }: Figure): number[] | undefined {
  return floor && jobcast.map((value, i) => value / (floor.values[i] ?? median(floor.values)))
}

/** Whether the goal was reached; undefined without a goal. */
export function reached(figure: Figure): boolean | undefined {
  const { goal } = figure
  if (!goal) return undefined
  const value = median(ratios(figure) ?? figure.jobcast)
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost
}

/**
 * Makes a Markdown table with a line for each figure: medians with their range, and the ratio to the floor.
 */
export function table(figures: Figure[]): string {
  const head = ['figure', 'Jobcast', 'floor', 'ratio', 'goal', '']
  const lines = figures.map((figure) => {
    const { what, unit, jobcast, floor, goal } = figure
    const ok = reached(figure)
    return [
      `${what}, ${unit}`,
      spread(jobcast),
      floor ? `${spread(floor.values)} ${floor.name}` : '',
      spread(ratios(figure) ?? []),
      goal ? ('atLeast' in goal ? `≥ ${goal.atLeast}` : `≤ ${goal.atMost}`) : '',
      ok === undefined ? '' : ok ? 'reached' : 'MISSED',
    ]
  })
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => (line[column] as string).length)))
  const row = (line: string[]) => `| ${line.map((cell, i) => cell.padEnd(widths[i] as number)).join(' | ')} |`
  return [row(head), row(widths.map((width) => '-'.repeat(width))), ...lines.map(row)].join('\n')
}

function spread(values: number[]): string {
  if (values.length === 0) return ''
  if (values.length === 1) return short(values[0] as number)
  return `${short(median(values))} (${short(Math.min(...values))}–${short(Math.max(...values))})`
}

function short(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US')
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)
}

export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    commit: commit(),
  }
}

function commit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8', stdio: 'pipe' }).trim()
  try {
    return `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') ? ' (changed)' : ''}`
  } catch {
    return 'unknown'
  }
}

/** Writes the results to `.bench/NAME.json`. */
export function save(name: string, content: object): void {
  const folder = new URL('../.bench/', import.meta.url)
  mkdirSync(folder, { recursive: true })
  writeFileSync(new URL(`${name}.json`, folder), `${JSON.stringify(content, null, 2)}\n`)
}
