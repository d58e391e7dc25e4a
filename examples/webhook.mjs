// Forwards each event of a job to a webhook, from the first run on, in order and at least once, across restarts
// of this script, the server and the hook. If this script is away, or the hook fails, for longer than
// FEED_RETENTION, the jobs created meanwhile are forwarded as they are now; changes and removals of older jobs are not.
//
//   node examples/webhook.mjs http://localhost:3000 https://example.com/hook position.json
//
// In this repository run `npm run build` first; elsewhere `npm install jobcast-client`.
import { readFile, rename, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { history, subscribe } from 'jobcast-client'

const [url, hook, file = 'position.json'] = process.argv.slice(2)
if (!hook) {
  console.error('usage: node examples/webhook.mjs <jobcast url> <webhook url> [position file]')
  process.exit(2)
}
const stop = new AbortController()
process.on('SIGINT', () => stop.abort())
process.on('SIGTERM', () => stop.abort())

/**
 * `lastEventId`: everything up to this event was delivered. `blockNumber`: later events create jobs in this block
 * or above, unless a reorg moves them lower.
 */
let position = await readFile(file, 'utf8').then(JSON.parse, (error) => {
  if (error.code === 'ENOENT') return {}
  throw error
})

// The rename is atomic: after a crash the file has the old position or the new one, never a part of one.
async function save(lastEventId, blockNumber) {
  position = { lastEventId, blockNumber }
  await writeFile(`${file}.new`, JSON.stringify(position))
  await rename(`${file}.new`, file)
}

// Repeats the request until the hook answers 2xx. The position moves only then, so each event is delivered at
// least once. The hook may receive an event twice; the key is then the same. A job that is read after a gap is
// sent as it is now, so its key is not that of its creation.
async function forward(type, job, id) {
  const key = `${type}:${id}:${job.jobId}:${job.creationTxHash}`
  for (let wait = 500; !stop.signal.aborted; wait = Math.min(wait * 2, 60_000)) {
    try {
      const response = await fetch(hook, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': key },
        body: JSON.stringify({ type, data: job }),
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(10_000)]),
      })
      await response.body?.cancel()
      if (response.ok) return console.log(`forwarded ${type} ${job.jobId}`)
      console.error(`${hook} answered ${response.status}`)
    } catch (error) {
      if (!stop.signal.aborted) console.error(`${hook}: ${error.cause?.message ?? error.message}`)
    }
    await sleep(wait, undefined, { signal: stop.signal }).catch(() => {})
  }
  stop.signal.throwIfAborted()
}

try {
  const { lastEventId } = position
  for await (const event of subscribe(url, { lastEventId, signal: stop.signal })) {
    if (event.type.startsWith('job_')) {
      await forward(event.type, event.data, event.id)
      // The block of a job is that of its creation, so a change says nothing about the present block.
      await save(event.id, event.type === 'job_created' ? event.data.blockNumber : position.blockNumber)
    } else if (event.type === 'connected') {
      // A gap: the server no longer keeps the events since the position. The jobs created since then are read
      // from the history, beginning 256 blocks earlier, because a reorg may have moved some. This script
      // misses removals and changes of older jobs in the gap; `follow` and `mirror` find them.
      if (event.data.resumed === false && position.blockNumber !== undefined) {
        const fromBlock = BigInt(position.blockNumber) - 256n
        const gap = { fromBlock: fromBlock > 0n ? fromBlock : 0n, order: 'asc', signal: stop.signal }
        for await (const job of history(url, gap))
          await forward('job_created', job, `block-${job.blockNumber}`)
      }
      // A resumed stream reports the present block before it sends the missed events.
      await save(event.id, event.data.resumed === true ? position.blockNumber : event.data.blockNumber)
    } else if (event.type === 'ping') {
      // Not with the present block: a stream that is behind still sends events of older ones.
      await save(event.id, position.blockNumber)
    }
  }
} catch (error) {
  if (!stop.signal.aborted) throw error
}
