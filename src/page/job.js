import { announce } from './announcer.js'
import { get, keyedUrl, siteUrl } from './api.js'
import { createCopying } from './clipboard.js'
import { loadConfig } from './config.js'
import { createConnection } from './connection.js'
import { definition, fieldOf } from './definition.js'
import { $, refreshAges } from './elements.js'
import { integer, words } from './format.js'
import { showJob } from './jobView.js'
import { openStream } from './stream.js'

const FIRST_BACKOFF_MS = 1000
const LONGEST_BACKOFF_MS = 30_000

const jobId = decodeURIComponent(location.pathname.split('/').at(-1))
const path = `jobs/${encodeURIComponent(jobId)}`
let known = null // the job as it was last shown
let stream
let isReading = false
let isOutdated = false

createCopying(announce)
$('home').href = $('back').href = siteUrl('')
$('json').href = keyedUrl(path, [])
const connection = createConnection()
const config = await loadConfig(connection.set)
connection.watch(config.keepaliveSeconds, () => {})
setInterval(() => refreshAges(document), 1000)
follow()

/** Shows the job and every change of it from here on. Begins anew if the job appears, disappears, or may have been missed. */
async function follow() {
  stream?.close()
  // The position is read before the job: a change in between is heard twice rather than never.
  const found = await patiently(async () => {
    const { lastEventId } = await get('jobs', [['limit', 1]])
    return { lastEventId, job: await readJob() }
  })
  if (found === null) return
  show(found.job)
  stream = openStream({
    filters: found.job ? changesOf(found.job) : [['types', 'job_created']],
    lastEventId: found.lastEventId,
    silenceLimit: 2 * config.keepaliveSeconds + 10,
    onState: connection.set,
    onEvent: receive,
  })
}

function receive(type, data) {
  connection.heard()
  if (type === 'connected' || type === 'ping') $('head').textContent = integer(data.blockNumber)
  if (type === 'connected' && data.resumed === false) follow()
  else if (data.jobId === jobId) type === 'job_updated' ? refresh() : follow()
}

/** Reads the job again, once more if it changes meanwhile. */
async function refresh() {
  isOutdated = true
  if (isReading) return
  isReading = true
  while (isOutdated) {
    isOutdated = false
    const found = await patiently(readJob)
    if (found) show(found)
  }
  isReading = false
}

/** A filter that every change of the job passes, so that a busy chain is not sent whole: one of its parties. */
function changesOf(job) {
  const rule = definition().filters.find(
    ({ kind, fields: [field, ...others] }) =>
      kind === 'list' && others.length === 0 && fieldOf(field).role && job[field] !== null,
  )
  return [['types', 'job_*'], ...(rule ? [[rule.name, job[rule.fields[0]]]] : [])]
}

/** @returns null if there is no such job */
async function readJob() {
  try {
    return (await get(path, [])).data
  } catch (error) {
    if (error.status === 404) return null
    throw error
  }
}

/** Tries until the server answers. @returns null if it will not */
async function patiently(read) {
  for (let backoff = FIRST_BACKOFF_MS; ; backoff = Math.min(backoff * 2, LONGEST_BACKOFF_MS)) {
    try {
      const found = await read()
      if (stream?.live) connection.set('live')
      return found
    } catch (error) {
      const isFinal = [400, 401].includes(error.status)
      if (error.status === 400) say(`“${jobId}” cannot be the id of a job: ${error.message}.`)
      connection.set(isFinal ? 'stopped' : 'lost', error.status === 400 ? undefined : error)
      if (isFinal) return null
      await new Promise((resolve) => setTimeout(resolve, backoff))
    }
  }
}

function show(job) {
  if (job !== null) {
    say(null)
    showJob(job, known, config.explorerUrl)
    if (known && known.status !== job.status) announce(`The job is ${words(job.status).toLowerCase()} now.`)
    known = job
  } else if (known)
    say('A reorg took this job off the chain. Below is what it was. If it comes back, it is shown here.')
  else say(`There is no job ${jobId}. If it is created, it is shown here.`)
  $('job').hidden = $('json').hidden = known === null
  $('job').classList.toggle('gone', job === null)
}

function say(text) {
  $('message').hidden = text === null
  $('message').textContent = text ?? ''
}
