import { pino } from 'pino'
import { type App, createApp } from '../../src/app.ts'
import { loadConfig, type Role } from '../../src/config.ts'
import type { Job } from '../../src/contract/job.ts'
import { until } from './until.ts'

export interface Service extends App {
  /** Requests a path and parses the JSON. Throws if the status is not the expected one. */
  // biome-ignore lint/suspicious/noExplicitAny: tests read many shapes
  get(path: string, status?: number): Promise<any>
  /** Reads the whole history, oldest first. */
  history(): Promise<Job[]>
  /** Waits until /ready answers 200. */
  untilReady(): Promise<void>
}

/**
 * Settings for tests that need neither a chain nor a database: nothing listens at these addresses, and a
 * process starts all the same.
 */
export const unreachable = {
  RPC_URL: 'http://127.0.0.1:1',
  CONTRACT_ADDRESS: `0x${'12'.repeat(20)}`,
  DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none',
}

/** Starts Jobcast in this process, on a free port, as `env` configures it. */
export async function startService(env: Record<string, string>, role: Role = 'all'): Promise<Service> {
  const config = loadConfig(
    { HOST: '127.0.0.1', PORT: '0', POLL_INTERVAL_MS: '100', RATE_LIMIT: '0', ...env },
    role,
  )
  const app = await createApp(config, pino({ level: env.LOG_LEVEL ?? 'silent' }))
  return { ...app, ...reader(app.url) }
}

/** Functions with which a test reads the API of a running Jobcast. */
export function reader(url: string): Pick<Service, 'get' | 'history' | 'untilReady'> {
  async function get(path: string, status = 200) {
    const response = await fetch(url + path)
    const text = await response.text()
    if (response.status !== status) throw new Error(`${path} answered ${response.status}: ${text}`)
    return JSON.parse(text)
  }
  return {
    get,
    async history() {
      const jobs: Job[] = []
      let next: string | null = ''
      while (next !== null) {
        const page = await get(`/api/v1/jobs?order=asc&limit=100${next && `&cursor=${next}`}`)
        jobs.push(...page.data)
        next = page.pagination.next
      }
      return jobs
    },
    async untilReady() {
      await until(async () => (await fetch(`${url}/ready`)).status === 200, { message: '/ready answers 200' })
    },
  }
}
