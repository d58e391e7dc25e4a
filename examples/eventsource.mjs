// Server-Sent Events as they come, with the EventSource every browser has and Node gets from `eventsource`.
//
//   node examples/eventsource.mjs http://localhost:3000 'strategyType=PROGRAM&minBudget=50'
import { EventSource } from 'eventsource'

const [base = 'http://localhost:3000', query = ''] = process.argv.slice(2)
const source = new EventSource(`${base}/api/v1/events?${query}`)

// It reconnects by itself and sends the last id it saw, so the server goes on where the connection broke.
source.addEventListener('connected', (event) => {
  const { blockNumber, resumed } = JSON.parse(event.data)
  console.log(`connected at block ${blockNumber}`)
  // false: we were away for longer than the server keeps its feed. GET /api/v1/jobs has what we missed.
  if (resumed === false) console.log('there is a gap')
})
// Add, replace, delete: who does that holds exactly the jobs that match.
for (const type of ['job_created', 'job_updated', 'job_removed'])
  source.addEventListener(type, (event) => console.log(`${type} ${event.data}`))
source.addEventListener('error', (event) => {
  console.error(event.message ?? 'connection lost')
  // CLOSED is for good: the server refused (a bad filter, a missing key). Anything else is tried again.
  if (source.readyState === EventSource.CLOSED) process.exitCode = 1
})

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => source.close())
