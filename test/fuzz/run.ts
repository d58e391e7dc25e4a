/**
 * `npm run fuzz [-- REQUESTS [SEED]]`: sends random requests to a server process, and prints its memory after
 * each tenth.
 */
import { readMetrics } from '../helpers/metrics.ts'
import { startPostgres } from '../helpers/postgres.ts'
import { startProcess } from '../helpers/process.ts'
import { openWriter } from '../helpers/writer.ts'
import { fuzz } from './fuzz.ts'

const requests = Number(process.argv[2] ?? 10_000)
const seed = Number(process.argv[3] ?? Date.now() % 1_000_000)
const ROUNDS = 10

const postgres = await startPostgres()
const databaseUrl = await postgres.createDatabase()
const writer = await openWriter(databaseUrl)
await writer.add({}, {}, { clientId: '1' })
const jobcast = await startProcess({
  args: ['start', '--only', 'api'],
  env: {
    DATABASE_URL: databaseUrl,
    RATE_LIMIT: '0',
    // A small heap, so that growth is a leak and not garbage that has not been collected yet.
    NODE_OPTIONS: '--max-old-space-size=96',
  },
})
try {
  await jobcast.untilAnswers()
  const statuses = new Map<number, number>()
  const sizes: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    for (const [status, count] of await fuzz(jobcast.url, Math.ceil(requests / ROUNDS), seed + round))
      statuses.set(status, (statuses.get(status) ?? 0) + count)
    const read = await readMetrics(jobcast.url)
    sizes.push(Math.round(read('process_resident_memory_bytes') / 2 ** 20))
  }
  console.log(`seed ${seed}; answers by status (0: none):`, Object.fromEntries([...statuses].sort()))
  console.log('resident MiB after each tenth:', sizes.join(' '))
  console.log('lines logged:', jobcast.logs.length - 1)
} finally {
  const exit = await jobcast.stop()
  console.log('exit code:', exit.code)
  await writer.close()
  await postgres.stop()
}
