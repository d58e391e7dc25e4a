import { startPostgres } from '../test/helpers/postgres.ts'
import { startFilledChain } from './chain.ts'
import { measureFanout } from './fanout.ts'
import { historyOf } from './history.ts'
import { quantile } from './quantile.ts'
import type { Bench, Figure } from './report.ts'
import { syncJobcast } from './sync.ts'

/** Measures how cost grows with size. */
export const growth: Bench = {
  name: 'growth',
  about:
    'the same work at growing sizes: a first sync of 2,000 blocks with ever more logs, fan-out to ever more streams, pages of ever longer histories',
  leavesOut: 'the floors (see sync, fanout and history)',
  async run({ quick }) {
    const figures: Figure[] = []
    const durable = await startPostgres({ durable: true })
    try {
      for (const perBlock of quick ? [1, 5] : [5, 50, 500]) {
        const chain = await startFilledChain(2_000, perBlock)
        try {
          const rate = await syncJobcast(chain, durable)
          figures.push({
            what: `sync, ${chain.logs.toLocaleString('en-US')} logs`,
            unit: 'µs a log',
            jobcast: [1e6 / rate],
          })
        } finally {
          await chain.stop()
        }
      }
    } finally {
      await durable.stop()
    }
    const pg = await startPostgres()
    try {
      for (const streams of quick ? [100, 1_000] : [100, 1_000, 10_000]) {
        const { jobcast } = await measureFanout(pg, streams, [''], {
          events: Math.max(10, 20_000 / streams),
          rounds: 1,
          withFloor: false,
        })
        const what = `fan-out, ${streams.toLocaleString('en-US')} streams`
        figures.push(
          {
            what: `${what}, CPU`,
            unit: 's per 1M deliveries',
            jobcast: jobcast.map((r) => (r.cpu * 1e6) / r.times.length),
          },
          { what: `${what}, p99`, unit: 'ms', jobcast: jobcast.map((r) => quantile(r.times, 0.99)) },
        )
      }
      for (const jobs of quick ? [1_000, 10_000] : [10_000, 100_000, 1_000_000])
        for (const { page, jobcast } of await historyOf(pg, jobs, { rounds: 1, ms: 1_000, withFloor: false }))
          figures.push({
            what: `${page}, ${jobs.toLocaleString('en-US')} jobs`,
            unit: 'requests/s',
            jobcast: jobcast.map(({ rate }) => rate),
          })
    } finally {
      await pg.stop()
    }
    return figures
  },
}
