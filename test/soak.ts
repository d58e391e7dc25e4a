import { parseArgs } from 'node:util'
import fc from 'fast-check'
import { openPostgres } from '../src/store/postgres.ts'
import { startPostgres } from './helpers/postgres.ts'
import { runSchedule } from './model/run.ts'
import { schedules } from './model/schedules.ts'

/**
 * Plays random schedules of the model: `npm run soak -- --count 50000`. A failure is shrunk and printed with the line that
 * replays it: `npm run soak -- --seed S --path P`.
 */
const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    path: { type: 'string' },
    /** one line of JSON, and nothing is shrunk */
    json: { type: 'boolean', default: false },
  },
})

const BATCH = 1_000
const count = Number(values.count)
const say = (line: string) => (values.json ? undefined : console.log(line))

const server = await startPostgres()
const db = await openPostgres(await server.createDatabase(), { connections: 3 })
const started = performance.now()
const seconds = () => Math.round((performance.now() - started) / 100) / 10
let done = 0
let failed: Record<string, unknown> | undefined
for (let seed = Number(values.seed); done < count && !failed; seed++) {
  const { path } = values
  const details = await fc.check(
    fc.asyncProperty(schedules, (schedule) => runSchedule(db, schedule)),
    {
      numRuns: Math.min(BATCH, count - done),
      seed,
      endOnFailure: values.json,
      ...(path !== undefined && { path, endOnFailure: true }),
    },
  )
  done += details.numRuns
  if (details.failed) {
    const error = details.errorInstance as Error & { invariant?: string }
    failed = {
      invariant: error.invariant ?? error.name,
      message: error.message,
      seed,
      path: details.counterexamplePath,
      schedule: details.counterexample?.[0],
    }
    say(`schedule ${done} failed: ${error.stack}`)
    say(`${JSON.stringify(details.counterexample?.[0])}`)
    say(`replay: npm run soak -- --seed ${seed} --path ${details.counterexamplePath}`)
  } else say(`${done} schedules, ${seconds()} s`)
  if (path !== undefined) break
}
say(
  `${done} schedules from seed ${values.seed} in ${seconds()} s: ${failed ? 'FAILED' : 'every promise held'}`,
)
if (values.json) console.log(JSON.stringify({ schedules: done, seconds: seconds(), failed }))
await db.close()
await server.stop()
process.exit(failed ? 1 : 0)
