import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { settings } from '../src/settings/settings.ts'
import { type Service, startService, unreachable } from './helpers/service.ts'

const files = ['deploy/grafana/jobcast.json', 'deploy/prometheus/jobcast.rules.yml']
const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')

/** Type and help text of each metric by name, from /metrics. */
const metrics = new Map<string, { type: string; help: string }>()
let text = ''
let service: Service
beforeAll(async () => {
  // /metrics works without a database.
  service = await startService(unreachable)
  text = await (await fetch(`${service.url}/metrics`)).text()
  for (const [, name, help] of text.matchAll(/^# HELP (\S+) (.*)$/gm))
    metrics.set(name as string, { type: '', help: help as string })
  for (const [, name, type] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    (metrics.get(name as string) as { type: string }).type = type as string
})
afterAll(() => service?.close())

/** Whether a metric of that name exists. A histogram has three series. */
function metricExists(name: string): boolean {
  if (metrics.has(name)) return true
  const [, base = ''] = /^(.*)_(?:bucket|sum|count)$/.exec(name) ?? []
  return metrics.get(base)?.type === 'histogram'
}

describe.each(files)('%s', (file) => {
  it('uses only metrics that exist', () => {
    const names = new Set(read(file).match(/\b(?:jobcast|nodejs|process)_[a-z0-9_]+/g))
    expect(names.size).toBeGreaterThan(15)
    expect([...names].filter((name) => !metricExists(name))).toEqual([])
  })
})

it('the dashboard shows every metric whose name begins with jobcast_', () => {
  const text = read('deploy/grafana/jobcast.json')
  const ours = [...metrics.keys()].filter((name) => name.startsWith('jobcast_'))
  expect(ours.length).toBeGreaterThan(25)
  expect(ours.filter((name) => !text.includes(name))).toEqual([])
})

it('a counter with labels that an alert uses is exported as 0 from the start', () => {
  const series = read('deploy/prometheus/jobcast.rules.yml').match(/\bjobcast_\w+_total\{[^}]+\}/g) ?? []
  expect(series.length).toBeGreaterThan(1)
  for (const name of series) expect(text).toContain(`${name} 0\n`)
})

it('an alert does not aggregate over Prometheus jobs, and reads process metrics of the job jobcast only', () => {
  const rules = read('deploy/prometheus/jobcast.rules.yml')
  const expressions = [...rules.matchAll(/expr: (?:>-\n)?((?:.+\n)(?: {10}.+\n)*)/g)]
  expect(expressions).toHaveLength(rules.match(/alert: /g)?.length ?? 0)
  for (const [, expr] of expressions) {
    expect(expr).not.toMatch(/\b(?:sum|max)\(/)
    if (/\b(?:nodejs_|process_|up\b)/.test(expr as string)) expect(expr).toContain('{job="jobcast"}')
  }
})

it('every stat panel of the dashboard sets its own thresholds', () => {
  const { panels } = JSON.parse(read('deploy/grafana/jobcast.json')) as {
    panels: { title: string; type: string; fieldConfig?: { defaults: { thresholds?: unknown } } }[]
  }
  const stats = panels.filter(({ type }) => type === 'stat')
  expect(stats.length).toBeGreaterThan(1)
  // By default Grafana shows values from 80 on in red.
  for (const { title, fieldConfig } of stats) expect(fieldConfig?.defaults.thresholds, title).toBeDefined()
})

it('docker-compose.yml passes every setting of .env, except those of the container, to a single process and to a cluster', () => {
  const compose = read('docker-compose.yml')
  const ofTheContainer = ['DATABASE_URL', 'DATA_DIR', 'HOST', 'PORT', 'TRUST_PROXY']
  for (const { name } of settings)
    if (!ofTheContainer.includes(name))
      expect(compose).toMatch(
        new RegExp(`^x-settings: &settings\\n(?: .*\\n)* {2}${name}: \\$\\{${name}:-`, 'm'),
      )
  expect(compose.match(/^ +(?:environment|<<): \*settings$/gm)).toHaveLength(2)
})

it('metrics follow the Prometheus naming conventions: base units, and _total on counters only', () => {
  for (const [name, { type, help }] of metrics) {
    if (!name.startsWith('jobcast_')) continue
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect(name.endsWith('_total'), name).toBe(type === 'counter')
    expect(name).not.toMatch(/_(ms|milliseconds|minutes|kb|mb)(_|$)/)
    if (type === 'histogram') expect(name).toMatch(/_(seconds|blocks|events)$/)
    expect(help.length, name).toBeGreaterThan(5)
  }
})
