import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { startPostgres } from './helpers/postgres.ts'
import { runSchedule } from './model/run.ts'
import { schedules } from './model/schedules.ts'
import { openStores, type Stores } from './model/stores.ts'

/**
 * Plays random schedules of the model: `npm run soak -- --count 50000`. A failure is shrunk and printed with
 * the line that replays it: `npm run soak -- --seed S --path P`.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
    /**
     * schedules played at the same time, each on databases of its own: one waits for Postgres while
     * another computes
     */
    lanes: { type: 'string', default: '3' },
    /** prints one line of JSON and does not shrink a failure */
    json: { type: 'boolean', default: false },
  },
})

/** Schedules of one seed. A lane that fails ends the others after their batch. */
const BATCH = 100
const PROGRESS = 1_000
const { path, json } = values
const count = path === undefined ? Number(values.count) : 1
const say = (line: string) => (json ? undefined : console.log(line))

const server = await startPostgres()
const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 100) / 10
let seed = Number(values.seed)
let begun = 0
let done = 0
let failed: Record<string, unknown> | undefined

async function playBatch(stores: Stores): Promise<void> {
  const numRuns = Math.min(BATCH, count - begun)
  begun += numRuns
  const own = seed++
  const details = await fc.check(
    fc.asyncProperty(schedules, (schedule) => runSchedule(stores, schedule)),
    { numRuns, seed: own, endOnFailure: json || path !== undefined, ...(path !== undefined && { path }) },
  )
  const before = done
  done += details.numRuns
  if (Math.floor(done / PROGRESS) > Math.floor(before / PROGRESS)) say(`${done} schedules, ${seconds()} s`)
  if (!details.failed || failed) return
  const { message, name, stack, invariant = name } = details.errorInstance as Error & { invariant?: string }
  const schedule = details.counterexample?.[0]
  failed = { invariant, message, seed: own, path: details.counterexamplePath, schedule }
  say(`a schedule failed: ${stack}`)
  say(JSON.stringify(schedule))
  say(`replay: npm run soak -- --seed ${own} --path ${details.counterexamplePath}`)
}

async function runLane(): Promise<void> {
  const stores = await openStores(server.createDatabase)
  while (begun < count && !failed) await playBatch(stores)
  await stores.close()
}

await Promise.all(Array.from({ length: path === undefined ? Number(values.lanes) : 1 }, runLane))
say(
  `${done} schedules from seed ${values.seed} in ${seconds()} s: ${failed ? 'FAILED' : 'every invariant held'}`,
)
if (json) console.log(JSON.stringify({ schedules: done, seconds: seconds(), failed }))
await server.stop()
process.exit(failed ? 1 : 0)
