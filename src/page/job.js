import { announce } from './announcer.js'
import { get, keyedUrl, siteUrl } from './api.js'
import { createCopying } from './clipboard.js'
import { awaitConfig } from './config.js'
import { createConnection } from './connection.js'
import { definition, fieldOf } from './definition.js'
import { $, refreshAges } from './elements.js'
import { formatInteger, words } from './format.js'
import { showJob } from './jobView.js'
import { asInJob } from './matching.js'
import { retry } from './retry.js'
import { openStream } from './stream.js'

const idInAddress = decodeURIComponent(location.pathname.split('/').at(-1))
const path = `jobs/${encodeURIComponent(idInAddress)}`
let shown = null // the job as it was last shown
let stream
let followed = '' // filters of the stream
let isReading = false
let isOutdated = false

createCopying()
$('home').href = $('back').href = siteUrl('')
$('json').href = keyedUrl(path, [])
const connection = createConnection()
const config = await awaitConfig(connection.set)
connection.watch(config.keepaliveSeconds, () => {})
setInterval(() => refreshAges(document), 1000)
refresh()

/**
 * Reads the job, shows it and follows its changes. If the job changes meanwhile, it is read once more. There
 * is one request at a time, so an older answer never replaces a newer one.
 */
async function refresh() {
  isOutdated = true
  if (isReading) return
  isReading = true
  while (isOutdated) {
    isOutdated = false
    const job = await readJob()
    if (job === undefined) {
      stream?.close()
      break
    }
    show(job)
    follow(job)
  }
  isReading = false
}

/** Opens a stream whose filters pass the next change of the job, unless it is open already. */
function follow(job) {
  const filters = streamFilters(job)
  if (filters.toString() === followed) return
  stream?.close()
  followed = filters.toString()
  stream = openStream({
    filters,
    keepaliveSeconds: config.keepaliveSeconds,
    onState: connection.set,
    onEvent: receiveEvent,
  })
}

function receiveEvent(type, data) {
  connection.heard()
  if (type === 'connected' || type === 'ping') $('block').textContent = formatInteger(data.blockNumber)
  // The job may have changed before the stream began, unless the stream continues an earlier one.
  const isBeginning = type === 'connected' && data.resumed !== true
  if (isBeginning || data.jobId === canonicalId()) refresh()
}

/**
 * Returns the id as in a job object. The address may have it in another notation, such as an address in
 * capitals.
 */
const canonicalId = () => asInJob(fieldOf('jobId'), idInAddress)

/**
 * Returns filters that the next change of the job passes, and few other events: one participant, if the job has
 * any.
 * @param job null if it does not exist
 */
function streamFilters(job) {
  if (job === null) return new URLSearchParams({ types: 'job_created' })
  const rule = definition().filters.find(
    ({ kind, fields: [field, ...others] }) =>
      kind === 'list' && others.length === 0 && fieldOf(field).role && job[field] !== null,
  )
  return new URLSearchParams({ types: 'job_*', ...(rule && { [rule.name]: job[rule.fields[0]] }) })
}

/**
 * Reads the job until the server answers.
 * @returns null if there is no such job; undefined if the id or the API key is not valid
 */
async function readJob() {
  const onError = (error) => {
    if (error.status === 400) showMessage(`“${idInAddress}” is not a valid job id: ${error.message}.`)
    connection.set(error.isFinal ? 'stopped' : 'lost', error.status === 400 ? undefined : error)
    return error.isFinal
  }
  const job = await retry(fetchJob, { onError })
  if (job !== undefined && stream?.isOpen) connection.set('live')
  return job
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

/** @param job null if it does not exist, or no longer */
function show(job) {
  if (job !== null) {
    showMessage(null)
    showChange(job)
  } else if (shown)
    showMessage(
      'A reorg removed this job from the chain. Its last state is shown below. If the job returns, this page shows it again.',
    )
  else showMessage(`There is no job ${canonicalId()}. If it is created, it will appear here.`)
  $('job').hidden = $('json').hidden = shown === null
  $('job').classList.toggle('gone', job === null)
}

function showChange(job) {
  // A job that is shown again would lose the highlight of its latest change, and the reader's focus.
  if (JSON.stringify(job) === JSON.stringify(shown)) return
  showJob(job, shown, config.explorerUrl)
  if (shown && shown.status !== job.status)
    announce(`The status of the job is now ${words(job.status).toLowerCase()}.`)
  shown = job
}

function showMessage(text) {
  $('message').hidden = text === null
  $('message').textContent = text ?? ''
}
