// The stream with EventSource, which browsers have built in and Node gets from the package `eventsource`.
//
//   node examples/eventsource.mjs http://localhost:3000 'strategyType=PROGRAM&minBudget=50'
import { EventSource } from 'eventsource'

const [base = 'http://localhost:3000', query = ''] = process.argv.slice(2)
const source = new EventSource(`${base}/api/v1/events?${query}`)

// EventSource reconnects by itself and sends the last id that it received. The server continues after
// that event.
source.addEventListener('connected', (event) => {
  const { blockNumber, resumed } = JSON.parse(event.data)
  console.log(`connected at block ${blockNumber}`)
  // false: the server no longer keeps the events since the last id. GET /api/v1/jobs has the jobs as they
  // are now.
  if (resumed === false) console.log('there is a gap')
})
// Add on job_created, replace on job_updated, delete on job_removed. With a filter, a job_updated may carry a
// job that no longer matches: delete that one too.
for (const type of ['job_created', 'job_updated', 'job_removed'])
  source.addEventListener(type, (event) => console.log(`${type} ${event.data}`))
source.addEventListener('error', (event) => {
  console.error(event.message ?? 'connection lost')
  // CLOSED is final: the answer was not a stream (a bad filter, a missing key, a proxy's 502). After any other
  // error EventSource reconnects.
  if (source.readyState === EventSource.CLOSED) process.exitCode = 1
})

for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => source.close())
