import { parseArgs } from 'node:util'
import { runKillRounds } from './system/killRounds.ts'

/**
 * `npm run soak:kill -- --rounds 50`: kills the two built processes at random moments under load; it
 * builds first.
 */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  },
})

const started = performance.now()
const report = await runKillRounds({
  rounds: Number(values.rounds),
  seed: Number(values.seed),
  onRound: (round) => round % 10 === 0 && console.log(`${round} rounds`),
})
console.log(
  `${JSON.stringify(report)} from seed ${values.seed} in ${Math.round((performance.now() - started) / 1000)} s: no event lost or sent twice`,
)
process.exit(0)
