// The typed client in Node: every job that matches a filter, and each change of it, once.
//
//   node examples/follow.mjs http://localhost:3000 status=OPEN,FUNDED
//
// In this repository run `npm run build` first; elsewhere `npm install jobcast-client`.
import { follow, jobKey } from 'jobcast-client'

const [url = 'http://localhost:3000', query = ''] = process.argv.slice(2)
const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())

const filter = Object.fromEntries(new URLSearchParams(query))
const jobs = new Map()
for await (const event of follow(url, { filter, signal: stop.signal })) {
  if (!event.type.startsWith('job_')) continue
  const { jobId, status } = event.data
  // A contract may use an id twice, so jobId is not the key.
  const key = jobKey(event.data)
  // A reorg can remove a job from the chain, and after a change a job may no longer match the filter.
  if (event.type === 'job_removed' || event.left) jobs.delete(key)
  else jobs.set(key, event.data)
  console.log(`${event.type} ${jobId} ${status}; ${jobs.size} jobs`)
}
