import { startChain, type TestChain } from '../test/helpers/anvil.ts'
import { startPostgres, type TestPostgres } from '../test/helpers/postgres.ts'
import { startChild } from './child.ts'
import { clock } from './clock.ts'
import { startJobcast } from './process.ts'
import { quantile } from './quantile.ts'
import type { Bench } from './report.ts'
import { openSse } from './sse.ts'

/** One job's way from its block to a client. */
export const latency: Bench = {
  name: 'latency',
  about:
    'milliseconds from the order to mine a block (evm_mine sent) to the job’s frame at a client: one job a block, WebSocket RPC, durable Postgres',
  leavesOut: 'networks, other clients (see fanout), and blocks that follow before the frame is there',
  async run({ quick }) {
    const blocks = quick ? 40 : 100
    const chain = await startChain()
    const pg = await startPostgres({ durable: true })
    const floor: number[][] = []
    const jobcast: number[][] = []
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
    const figure = (q: number, atMost: number) => ({
      what: `block mined → frame, p${q * 100}, ${blocks * jobcast.length} blocks`,
      unit: 'ms',
      jobcast: jobcast.map((each) => quantile(each, q)),
      floor: { name: 'bare loop', values: floor.map((each) => quantile(each, q)) },
      goal: { atMost },
    })
    return [figure(0.5, 1.5), figure(0.99, 2)]
  },
}

export async function latencyOfFloor(chain: TestChain, pg: TestPostgres, blocks: number): Promise<number[]> {
  const child = startChild('floors/latency.ts', { nodeArgs: ['--experimental-websocket', '--no-warnings'] })
  try {
    const databaseUrl = await pg.createDatabase()
    const task = { wsUrl: chain.wsUrl, address: chain.address, databaseUrl }
    return await measure(chain, await child.ask<string>('start', task), blocks)
  } finally {
    await child.end()
  }
}

export async function latencyOfJobcast(
  chain: TestChain,
  pg: TestPostgres,
  blocks: number,
): Promise<number[]> {
  // A head from long ago is not ready.
  await chain.mine()
  const jobcast = await startJobcast({
    RPC_URL: chain.wsUrl,
    CONTRACT_ADDRESS: chain.address,
    DATABASE_URL: await pg.createDatabase(),
  })
  try {
    await jobcast.untilReady('/ready')
    return await measure(chain, `${jobcast.url}/api/v1/events`, blocks)
  } finally {
    await jobcast.stop()
  }
}

/** Warm-up blocks: connections, prepared statements, the JIT. */
const WARM_UP = 10

async function measure(chain: TestChain, url: string, blocks: number): Promise<number[]> {
  let arrived = (_at: number) => {}
  const socket = await openSse(url, (bytes) => {
    if (bytes.includes('event: job_created')) arrived(clock())
  })
  const values: number[] = []
  for (let block = 0; block < WARM_UP + blocks; block++) {
    await chain.sendJob()
    // Longer than a delayed ACK (40 ms), for which the node's next small write would wait; and in step with no timer.
    await new Promise((resolve) => setTimeout(resolve, 60 + Math.random() * 40))
    const frame = new Promise<number>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('no frame within 10 s')), 10_000)
      arrived = (at) => {
        clearTimeout(timer)
        resolve(at)
      }
    })
    const start = clock()
    await chain.mine()
    const value = (await frame) - start
    if (block >= WARM_UP) values.push(value)
  }
  socket.removeAllListeners('close').destroy()
  return values
}
