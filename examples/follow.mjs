// The typed client in Node: all jobs of one strategy, then each new one, none missed and none twice.
//
//   node examples/follow.mjs http://localhost:3000 PROGRAM
//
// In this repository run `npm run build` first; elsewhere `npm install jobcast`.
import { budgetUnits, deadline, follow } from 'jobcast/client'

const [url = 'http://localhost:3000', strategy] = process.argv.slice(2)
const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())

const open = new Map()
const filter = strategy ? { strategyType: [strategy] } : undefined
for await (const event of follow(url, { filter, signal: stop.signal })) {
  if (event.type === 'job_created') open.set(event.data.jobId, event.data)
  // A reorg can take a job off the chain again: whoever acts on jobs has to hear of it.
  if (event.type === 'job_removed') open.delete(event.data.jobId)

  if (event.type === 'job_created' || event.type === 'job_removed') {
    const due = deadline(event.data)?.toISOString() ?? 'never'
    // bigint: a budget is a uint256, and a sum of doubles is no sum of money.
    const total = [...open.values()].reduce((sum, job) => sum + budgetUnits(job), 0n)
    console.log(`${event.type} ${event.data.jobId} due ${due}; ${open.size} jobs, ${total} units`)
  }
}
