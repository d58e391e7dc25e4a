import { startPostgres } from '../test/helpers/postgres.ts'
import { openFloor, openJobcast, type Side } from './fanout.ts'
import { fillDatabase } from './fill.ts'
import type { Bench } from './report.ts'

/** Measures the memory of an idle stream. */
export const memory: Bench = {
  name: 'memory',
  about:
    'bytes of server memory per idle stream, resident and JS heap: the difference with and without the streams, after a garbage collection',
  leavesOut: 'the kernel’s socket buffers, TLS, and the buffers of slow readers (bounded, see STALL_SECONDS)',
  async run({ quick }) {
    const streams = quick ? 2_000 : 10_000
    const pg = await startPostgres()
    const floor: Cost[] = []
    const jobcast: Cost[] = []
    try {
      const databaseUrl = await pg.createDatabase()
      await fillDatabase(databaseUrl, 1_000)
      for (let round = 0; round < (quick ? 1 : 3); round++) {
        floor.push(await cost(() => openFloor(databaseUrl), streams))
        jobcast.push(await cost(() => openJobcast(databaseUrl), streams))
      }
    } finally {
      await pg.stop()
    }
    const figure = (what: string, of: (cost: Cost) => number) => ({
      what: `${what} a stream, ${streams.toLocaleString('en-US')} idle streams`,
      unit: 'bytes',
      jobcast: jobcast.map(of),
      floor: { name: 'bare server', values: floor.map(of) },
    })
    return [
      { ...figure('resident', ({ resident }) => resident), goal: { atMost: 1.2 } },
      figure('JS heap and buffers', ({ heap }) => heap),
    ]
  },
}

interface Cost {
  resident: number
  heap: number
}

async function cost(open: () => Promise<Side>, streams: number): Promise<Cost> {
  const side = await open()
  try {
    // Warm-up: the first streams also load code and allocate tables, which do not grow with further streams.
    await side.openStreams(streams / 10)
    const before = await side.memory()
    await side.openStreams(streams)
    const after = await side.memory()
    return {
      resident: (after.rss - before.rss) / streams,
      heap: (after.heapUsed + after.external - before.heapUsed - before.external) / streams,
    }
  } finally {
    await side.end()
  }
}
