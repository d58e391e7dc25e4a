import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest'
import { startChain, type TestChain } from '../helpers/anvil.ts'
import { fold, jobsOnChain } from '../helpers/fold.ts'
import { startLoad } from '../helpers/load.ts'
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres, type TestPostgres } from '../helpers/postgres.ts'
import { type JobcastProcess, startProcess } from '../helpers/process.ts'
import type { RpcProxy } from '../helpers/rpcProxy.ts'
import { proxyTo } from '../helpers/serveChain.ts'
import { reader, type Service, startService } from '../helpers/service.ts'
import { subscribe } from '../helpers/subscribe.ts'
import { startTcpProxy, type TcpProxy } from '../helpers/tcpProxy.ts'
import { until } from '../helpers/until.ts'

const PATIENT = { timeout: 90_000 }

let postgres: TestPostgres
beforeAll(async () => {
  postgres = await startPostgres()
})
afterAll(() => postgres.stop())

interface Indexer {
  process: JobcastProcess
  /** counts its requests to the chain */
  rpc: RpcProxy
  /** its connections to the database */
  link: TcpProxy
}

async function startIndexer(chain: TestChain, databaseUrl: string): Promise<Indexer> {
  const rpc = await proxyTo(chain)
  const link = await startTcpProxy(postgres.port)
  onTestFinished(() => link.stop())
  const process = await startProcess({
    args: ['start', '--only', 'indexer'],
    env: {
      RPC_URL: rpc.url,
      CONTRACT_ADDRESS: chain.address,
      DATABASE_URL: databaseUrl.replace(`:${postgres.port}/`, `:${link.port}/`),
      POLL_INTERVAL_MS: '100',
    },
  })
  onTestFinished(async () => {
    await process.kill('SIGCONT')
    await process.kill('SIGKILL')
  })
  await process.untilAnswers('/health', PATIENT)
  return { process, rpc, link }
}

async function works({ process }: Indexer): Promise<boolean> {
  return (await readMetrics(process.url, 5_000))('jobcast_indexer_working') === 1
}

/** Two indexers of which the first works, an api process with a subscriber, and a chain under load. */
async function cluster() {
  const chain = await startChain()
  onTestFinished(() => chain.stop())
  const databaseUrl = await postgres.createDatabase()
  const api: Service = await startService({ DATABASE_URL: databaseUrl }, 'api')
  onTestFinished(() => api.close())
  const worker = await startIndexer(chain, databaseUrl)
  await until(() => works(worker), { message: 'the first indexer works', ...PATIENT })
  const standby = await startIndexer(chain, databaseUrl)
  await standby.process.waitForLog(/standing by/, PATIENT)
  const stream = subscribe(api)
  await stream.connected
  const load = startLoad(chain)
  onTestFinished(() => load.stop())
  await stream.waitFor(20, PATIENT)
  // Its check of the contract.
  expect(standby.rpc.requests).toBe(1)
  return {
    chain,
    worker,
    standby,
    jobEvents: () => stream.jobEvents().length,
    /** Ends the load and compares the folded feed with the history and the chain. */
    async check() {
      await load.stop()
      await chain.createJob()
      const { number } = await chain.head()
      await stream.waitFor(
        (event) => event.type === 'job_created' && Number(event.data.blockNumber) === number,
        PATIENT,
      )
      const expected = await jobsOnChain(chain)
      expect(fold(stream.jobEvents())).toEqual(expected)
      expect(await reader(api.url).history()).toEqual(expected)
    },
  }
}

it('if the indexer is killed under load, the standby takes over, and feed, history and chain agree', async () => {
  const { worker, standby, jobEvents, check } = await cluster()
  await worker.process.kill('SIGKILL')
  await until(() => works(standby), { message: 'the standby works', ...PATIENT })
  const before = jobEvents()
  await until(() => jobEvents() > before + 20, { message: 'events go on', ...PATIENT })
  await check()
})

it('an indexer that was paused under load does not overwrite its successor, and stands by', async () => {
  const { worker, standby, jobEvents, check } = await cluster()
  for (let round = 0; round < 2; round++) {
    const [frozen, other] = round % 2 === 0 ? [worker, standby] : [standby, worker]
    await frozen.process.kill('SIGSTOP')
    await until(() => works(other), { message: 'the other one works', ...PATIENT })
    const before = jobEvents()
    await until(() => jobEvents() > before + 20, { message: 'events go on', ...PATIENT })
    await frozen.process.kill('SIGCONT')
    await until(async () => !(await works(frozen)), { message: 'the thawed one stands by', ...PATIENT })
    expect(await works(other)).toBe(true)
    // From here on it sends no request to the chain.
    await until(
      async () => {
        const [count, events] = [frozen.rpc.requests, jobEvents()]
        await until(() => jobEvents() > events + 20, PATIENT)
        return frozen.rpc.requests === count
      },
      { message: 'the thawed one has become silent', ...PATIENT },
    )
  }
  await check()
})

it.each(['refuse', 'hang'] as const)(
  'if the indexer loses the database under load (%s), the standby takes over, and it returns as a standby',
  async (how) => {
    const { worker, standby, jobEvents, check } = await cluster()
    await worker.link.down(how)
    await until(() => works(standby), { message: 'the standby works', ...PATIENT })
    const before = jobEvents()
    await until(() => jobEvents() > before + 20, { message: 'events go on', ...PATIENT })
    await worker.link.up()
    const ready = () => fetch(`${worker.process.url}/ready`).then(({ ok }) => ok)
    await until(async () => (await ready()) && !(await works(worker)), {
      message: 'the one that was cut off stands by and reads the database',
      ...PATIENT,
    })
    expect(await works(standby)).toBe(true)
    await check()
  },
)
