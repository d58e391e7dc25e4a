import { parseArgs } from 'node:util'
import { burst } from './burst.ts'
import { fanout } from './fanout.ts'
import { growth } from './growth.ts'
import { history } from './history.ts'
import { latency } from './latency.ts'
import { memory } from './memory.ts'
import { type Bench, type Figure, machine, reached, save, table } from './report.ts'
import { start } from './start.ts'
import { sync } from './sync.ts'

const benches: Bench[] = [sync, latency, fanout, memory, history, burst, start, growth]

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false } },
})
const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name))
if (unknown.length > 0) {
  console.error(
    `there is no bench ${unknown.join(', ')}; there are ${benches.map(({ name }) => name).join(', ')}`,
  )
  process.exit(1)
}
// The processes that the benches started end with this one; see endWithParent.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

const { quick } = values
const at = machine()
console.log(
  `${at.cpu}, ${at.cores} cores, ${at.memoryGb} GB, Node ${at.node}, commit ${at.commit}${quick ? '; quick: small sizes' : ''}`,
)
const all: Figure[] = []
const failed: string[] = []
for (const bench of benches.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
  const { name, about, leavesOut } = bench
  console.log(`\n${name}: ${about}\n  leaves out: ${leavesOut}`)
  const begun = performance.now()
  try {
    const figures = await bench.run({ quick })
    const seconds = Math.round((performance.now() - begun) / 1000)
    console.log(`${table(figures)}\n  ${seconds} s`)
    save(name, { machine: at, quick, at: new Date().toISOString(), seconds, name, about, leavesOut, figures })
    all.push(...figures)
  } catch (error) {
    failed.push(name)
    console.error(error)
  }
}

console.log(`\n${table(all)}`)
const missed = all.filter((figure) => reached(figure) === false).length
if (missed > 0) console.log(`${missed} of ${all.length} figures missed their goal`)
if (failed.length > 0) console.log(`failed: ${failed.join(', ')}`)
process.exit(failed.length > 0 ? 1 : 0)
