import { afterEach, expect, test } from 'vitest'
import {
  type FollowEvent,
  type FollowOptions,
  follow,
  type Job,
  jobKey,
  mirror,
} from '../../client/src/client.ts'
import { createRandom } from '../helpers/random.ts'
import { until } from '../helpers/until.ts'
import { job, type ScriptedServer, startScripted } from './scripted.ts'

const ROUNDS = Number(process.env.CLIENT_ROUNDS ?? 12)
const STEPS = 60

let server: ScriptedServer
let control: AbortController
afterEach(() => {
  control.abort()
  server.close()
})

/**
 * Makes random changes of a chain: jobs are created, some with an id that is already used, and changed, and
 * reorgs move or remove them. The `title` of a job is the number of its state, which only grows.
 */
function createChain(random: (limit: number) => number) {
  let states = 0
  let ids = 0
  const mark = () => String(++states)
  const statuses = ['OPEN', 'FUNDED', 'COMPLETED']
  const pick = () => {
    const recent = server.jobs().slice(-30)
    return recent[random(recent.length)]
  }
  function create(jobId = String(++ids)): void {
    const creationTxHash = `0x${random(1e9).toString(16).padStart(64, '0')}`
    if (random(3) > 0) server.head++
    server.create(job(jobId, server.head, { creationTxHash, title: mark() }))
  }
  return {
    step() {
      const chosen = pick()
      const kind = random(10)
      if (!chosen || kind < 3) return create()
      if (kind === 3) return create(chosen.jobId)
      if (kind < 8)
        return void server.update(chosen, { status: statuses[random(3)] as string, title: mark() })
      server.remove(chosen)
      // The reorg creates the job again, in the same block or in one next to it.
      const blockNumber = String(Math.max(1, Number(chosen.blockNumber) + random(3) - 1))
      if (kind === 8) server.create({ ...chosen, status: 'OPEN', blockNumber, title: mark() })
    },
  }
}

/**
 * A consumer that applies each event to the jobs it holds.
 * @throws if an event repeats or contradicts what it holds, or brings an older state
 */
function createConsumer(name: string) {
  const held = new Map<string, Job>()
  const seen = new Map<string, number>()
  let lastEventId: string | undefined
  return {
    held,
    seen,
    resume: () => ({ lastEventId, jobs: [...held.values()] }),
    apply(event: FollowEvent): void {
      lastEventId = event.id ?? lastEventId
      if (event.type !== 'job_created' && event.type !== 'job_updated' && event.type !== 'job_removed') return
      const key = jobKey(event.data)
      const state = Number(event.data.title)
      if (event.type === 'job_created') expect(held.has(key), `${name}: ${key} is created twice`).toBe(false)
      else if (name !== 'latest')
        expect(held.has(key), `${name}: ${event.type} of ${key}, which is not held`).toBe(true)
      if (event.type === 'job_removed') {
        expect(state, `${name}: an older state of ${key} is removed`).toBeGreaterThanOrEqual(
          seen.get(key) ?? 0,
        )
        held.delete(key)
      } else {
        expect(state, `${name}: an older state of ${key}`).toBeGreaterThan(seen.get(key) ?? 0)
        held.set(key, event.data)
      }
      seen.set(key, state)
    },
  }
}

const states = (jobs: Iterable<Job>) =>
  [...jobs].map((each) => `${jobKey(each)} ${each.status} ${each.title}`).sort()

interface Watched {
  name: string
  failure?: unknown
  run(): Promise<void>
  isCurrent(): boolean
  show(): unknown
}

function watchFollow(name: string, options: FollowOptions, random: (limit: number) => number): Watched {
  const consumer = createConsumer(name)
  const status = options.filter?.status as string[] | undefined
  const query = new URLSearchParams(status ? { status: status.join(',') } : {})
  const { signal } = control
  return {
    name,
    isCurrent() {
      const held = [...consumer.held.values()].filter((each) => !status || status.includes(each.status))
      return String(states(held)) === String(states(server.jobs(query)))
    },
    show: () => states(consumer.held.values()),
    async run() {
      let resume: FollowOptions['resume']
      while (!signal.aborted) {
        for await (const event of follow(server.url, { ...options, resume, signal })) {
          consumer.apply(event)
          // As if the process ended at a random event and started again.
          if (name === 'restarted' && random(40) === 0) break
        }
        resume = consumer.resume()
      }
    },
  }
}

/**
 * A consumer without history. Received jobs must be in their present state, and no job of a block after its
 * beginning may be missing.
 */
function watchLatest(): Watched {
  const consumer = createConsumer('latest')
  const { signal } = control
  let begin = 0
  return {
    name: 'latest',
    isCurrent() {
      const isExpected = (each: Job) => Number(each.blockNumber) > begin || consumer.seen.has(jobKey(each))
      return String(states(consumer.held.values())) === String(states(server.jobs().filter(isExpected)))
    },
    show: () => states(consumer.held.values()),
    async run() {
      for await (const event of follow(server.url, { fromBlock: 'latest', signal })) {
        if (event.type === 'connected') begin ||= Number(event.data.blockNumber)
        consumer.apply(event)
      }
    },
  }
}

function watchMirror(): Watched {
  const { signal } = control
  const open = mirror(server.url, { filter: { status: ['OPEN'] }, signal })
  const shown = new Map<string, Job>()
  const seen = new Map<string, number>()
  return {
    name: 'mirror',
    isCurrent: () => {
      const expected = String(states(server.jobs(new URLSearchParams({ status: 'OPEN' }))))
      return (
        open.synced &&
        String(states(open.jobs.values())) === expected &&
        String(states(shown.values())) === expected
      )
    },
    show: () => ({ map: states(open.jobs.values()), shown: states(shown.values()), synced: open.synced }),
    async run() {
      for await (const change of open) {
        if (change.type === 'synced' || change.type === 'stale') continue
        const key = jobKey(change.job)
        const state = Number(change.job.title)
        expect(state, `mirror: an older state of ${key}`).toBeGreaterThanOrEqual(seen.get(key) ?? 0)
        seen.set(key, state)
        if (change.type !== 'added') expect(shown.get(key), 'before').toEqual(change.before)
        if (change.type === 'added') expect(shown.has(key)).toBe(false)
        if (change.type === 'removed') shown.delete(key)
        else shown.set(key, change.job)
      }
    },
  }
}

test.each(Array.from({ length: ROUNDS }, (_, i) => i + 1))(
  'after any events in any order, consumers hold the jobs of the server, and they never see an older state (%i)',
  async (seed) => {
    const random = createRandom(seed).below
    server = await startScripted()
    server.pageLimit = 1 + random(7)
    control = new AbortController()
    const chain = createChain(random)
    for (let i = random(30); i > 0; i--) chain.step()
    server.beforePage = () => {
      for (let i = random(4); i > 0; i--) chain.step()
    }
    const all = [
      watchFollow('all', { reorgDepth: 100 }, random),
      watchFollow('desc', { order: 'desc' }, random),
      watchFollow('open', { filter: { status: ['OPEN'] } }, random),
      watchFollow('restarted', {}, random),
      watchLatest(),
      watchMirror(),
    ]
    for (const each of all)
      each.run().catch((error) => {
        each.failure = error
      })
    for (let i = 0; i < STEPS; i++) {
      chain.step()
      const kind = random(25)
      if (kind === 0) server.drop()
      if (kind === 1) {
        server.forget()
        server.drop()
      }
      if (kind === 2) server.ping()
      if (random(3) === 0) await new Promise((resolve) => setTimeout(resolve, random(30)))
    }
    server.beforePage = () => {}
    await until(
      () => {
        // If no later event passes the filter, only a ping shows a client that it is up to date.
        server.ping()
        for (const { failure } of all) if (failure) return true
        return all.every((each) => each.isCurrent())
      },
      { message: 'all are current' },
    ).catch((error) => {
      const late = all.filter((each) => !each.isCurrent())
      throw new Error(
        `${error.message}\n${JSON.stringify(
          late.map((each) => [each.name, each.show()]),
          null,
          1,
        )}\nserver: ${states(server.jobs()).join('\n')}`,
      )
    })
    for (const { failure } of all) if (failure) throw failure
  },
)
