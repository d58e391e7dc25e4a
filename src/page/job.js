import { announce } from './announcer.js'
import { get, keyedUrl, siteUrl } from './api.js'
import { createCopying } from './clipboard.js'
import { awaitConfig } from './config.js'
import { createConnection } from './connection.js'
import { definition, fieldOf } from './definition.js'
import { $, refreshAges } from './elements.js'
import { formatInteger, words } from './format.js'
import { showJob } from './jobView.js'
import { retry } from './retry.js'
import { openStream } from './stream.js'

const jobId = decodeURIComponent(location.pathname.split('/').at(-1))
const path = `jobs/${encodeURIComponent(jobId)}`
let shown = null // the job as it was last shown
let stream
let isReading = false
let isOutdated = false

createCopying()
$('home').href = $('back').href = siteUrl('')
$('json').href = keyedUrl(path, [])
const connection = createConnection()
const config = await awaitConfig(connection.set)
connection.watch(config.keepaliveSeconds, () => {})
setInterval(() => refreshAges(document), 1000)
followJob()

/**
 * Shows the job and its later changes. Called again if the job is created or removed, or if changes may have
 * been missed.
 */
async function followJob() {
  stream?.close()
  const found = await attempt(async () => {
    // The position is read before the job, so that no change in between is missed. One may be applied twice.
    const { lastEventId } = await get('jobs', [['limit', 1]])
    return { lastEventId, job: await fetchJob() }
  })
  if (found === undefined) return
  show(found.job)
  stream = openStream({
    filters: found.job ? streamFilters(found.job) : [['types', 'job_created']],
    lastEventId: found.lastEventId,
    keepaliveSeconds: config.keepaliveSeconds,
    onState: connection.set,
    onEvent: receiveEvent,
  })
}

function receiveEvent(type, data) {
  connection.heard()
  if (type === 'connected' || type === 'ping') $('head').textContent = formatInteger(data.blockNumber)
  if (type === 'connected' && data.resumed === false) followJob()
  else if (data.jobId === jobId) type === 'job_updated' ? refresh() : followJob()
}

/** Reads the job again, and once more if it changes meanwhile. */
async function refresh() {
  isOutdated = true
  if (isReading) return
  isReading = true
  while (isOutdated) {
    isOutdated = false
    const followed = stream
    const job = await attempt(fetchJob)
    // An answer from before followJob() read the job is outdated: it may show a job that a reorg has removed.
    if (job && followed === stream) show(job)
  }
  isReading = false
}

/**
 * Filters of a stream that every change of the job passes and few other events do: by one participant, if the
 * job has any.
 */
function streamFilters(job) {
  const rule = definition().filters.find(
    ({ kind, fields: [field, ...others] }) =>
      kind === 'list' && others.length === 0 && fieldOf(field).role && job[field] !== null,
  )
  return [['types', 'job_*'], ...(rule ? [[rule.name, job[rule.fields[0]]]] : [])]
}

/** @returns null if there is no such job */
async function fetchJob() {
  try {
    return (await get(path, [])).data
  } catch (error) {
    if (error.status === 404) return null
    throw error
  }
}

/** Reads until the server answers. @returns undefined if the id or the API key is not valid */
async function attempt(read) {
  const onError = (error) => {
    if (error.status === 400) showMessage(`“${jobId}” is not a valid job id: ${error.message}.`)
    connection.set(error.isFinal ? 'stopped' : 'lost', error.status === 400 ? undefined : error)
    return error.isFinal
  }
  const found = await retry(read, { onError })
  if (found !== undefined && stream?.isOpen) connection.set('live')
  return found
}

/** @param job null if it does not exist, or no longer */
function show(job) {
  if (job !== null) {
    showMessage(null)
    showJob(job, shown, config.explorerUrl)
    if (shown && shown.status !== job.status)
      announce(`The status of the job is now ${words(job.status).toLowerCase()}.`)
    shown = job
  } else if (shown)
    showMessage(
      'A reorg removed this job from the chain. Its last state is shown below. If the job returns, this page shows it again.',
    )
  else showMessage(`There is no job ${jobId}. If it is created, it will appear here.`)
  $('job').hidden = $('json').hidden = shown === null
  $('job').classList.toggle('gone', job === null)
}

function showMessage(text) {
  $('message').hidden = text === null
  $('message').textContent = text ?? ''
}
