import { startChain, type TestChain } from '../test/helpers/anvil.ts'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { startChild } from './child.ts'
import { clock } from './clock.ts'
import { startJobcast } from './process.ts'
import { quantile } from './quantile.ts'
import type { Bench } from './report.ts'
import { openSse } from './sse.ts'

/** Measures the time of a log from its block to a client. */
export const latency: Bench = {
  name: 'latency',
  about:
    'milliseconds from the request to mine a block until a client receives the frame of its log; for a new job and for a change of it; one log per block, WebSocket RPC, durable Postgres',
  leavesOut: 'networks, other clients (see fanout), and blocks that arrive before the frame is received',
  async run({ quick }) {
    const blocks = quick ? 40 : 100
    const chain = await startChain()
    const pg = await startPostgres({ durable: true })
    const floor: Times[] = []
    const jobcast: Times[] = []
    try {
      await chain.setAutomine(false)
      for (let round = 0; round < (quick ? 2 : 3); round++) {
        floor.push(await latencyOfFloor(chain, pg, blocks))
        jobcast.push(await latencyOfJobcast(chain, pg, blocks))
      }
    } finally {
      await pg.stop()
      await chain.stop()
    }
    const figure = (name: string, of: keyof Times, q: number, atMost: number) => ({
      what: `${name} mined → frame, p${q * 100}, ${blocks * jobcast.length} blocks`,
      unit: 'ms',
      jobcast: jobcast.map((each) => quantile(each[of], q)),
      floor: { name: 'bare loop', values: floor.map((each) => quantile(each[of], q)) },
      goal: { atMost },
    })
    return [
      figure('new job', 'created', 0.5, 1.5),
      figure('new job', 'created', 0.99, 2),
      figure('change', 'updated', 0.5, 1.5),
      figure('change', 'updated', 0.99, 2),
    ]
  },
}

/** Milliseconds of each block, by the effect of its log. */
interface Times {
  created: number[]
  updated: number[]
}

async function latencyOfFloor(chain: TestChain, pg: TestPostgres, blocks: number): Promise<Times> {
  const child = startChild('floors/latency.ts', { nodeArgs: ['--experimental-websocket', '--no-warnings'] })
  try {
    const databaseUrl = await pg.createDatabase()
    const task = { wsUrl: chain.wsUrl, address: chain.address, databaseUrl }
    return await measure(chain, await child.ask<string>('start', task), blocks)
  } finally {
    await child.end()
  }
}

async function latencyOfJobcast(chain: TestChain, pg: TestPostgres, blocks: number): Promise<Times> {
  // Without a recent block, /ready answers 503.
  await chain.mine()
  const jobcast = await startJobcast({
    RPC_URL: chain.wsUrl,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await pg.createDatabase(),
  })
  try {
    await jobcast.untilAnswers('/ready')
    return await measure(chain, `${jobcast.url}/api/v1/events`, blocks)
  } finally {
    await jobcast.stop()
  }
}

/** Warm-up blocks: connections, prepared statements, the JIT. */
const WARM_UP = 10

/**
 * Creates each job in one block and funds it in the next. Returns the milliseconds from each block to the
 * stream at `url`.
 */
export async function measure(chain: TestChain, url: string, blocks: number): Promise<Times> {
  let arrived = (_bytes: Buffer, _at: number) => {}
  const socket = await openSse(url, (bytes) => arrived(bytes, clock()))

  /** Mines a block with the transaction that was sent. Resolves with the frame of its log. */
  async function mine(event: string): Promise<{ frame: string; ms: number }> {
    // Longer than a delayed ACK (40 ms), which would hold back the node's next small write. Random, so that
    // it is in step with no timer.
    await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 40))
    const receipt = new Promise<{ frame: string; at: number }>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`no ${event} within 10 s`)), 10_000)
      arrived = (bytes, at) => {
        if (!bytes.includes(`event: ${event}\n`)) return
        clearTimeout(timer)
        resolve({ frame: bytes.toString(), at })
      }
    })
    const start = clock()
    await chain.mine()
    const { frame, at } = await receipt
    return { frame, ms: at - start }
  }

  const times: Times = { created: [], updated: [] }
  for (let block = 0; block < WARM_UP + blocks; block++) {
    await chain.sendJob()
    const created = await mine('job_created')
    const jobId = /"jobId": ?"(\d+)"/.exec(created.frame)?.[1]
    if (jobId === undefined) throw new Error(`a frame without a job: ${created.frame}`)
    await chain.sendChange('fund', [BigInt(jobId), 1n, 100_000_000n])
    const updated = await mine('job_updated')
    if (block < WARM_UP) continue
    times.created.push(created.ms)
    times.updated.push(updated.ms)
  }
  socket.destroy()
  return times
}
