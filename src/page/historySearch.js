import { get, PAGE_SIZE } from './api.js'
import { element, jobLink } from './elements.js'
import { count, formatInteger } from './format.js'

/**
 * Jobs that are read before the reader is asked whether to continue: 50 requests of the 600 a minute that a
 * server allows.
 */
const MAX_READ = 5000

/**
 * Searches the history for the jobs that a transaction created. The API has no such filter, so pages are read
 * from the newest job on. The reader sees the progress and can stop. At the end the page says how far the
 * search went.
 * @param hash in lower case
 * @param show shows items below the search box
 */
export async function searchHistory(hash, { signal, show, start = { cursor: '', read: 0 } }) {
  let isStopped = false
  const progress = element('span', {}, 'Searching older jobs')
  const stop = () => {
    isStopped = true
  }
  show([line(progress, 'Stop', stop)])
  const limit = start.read + MAX_READ
  const outcome = await readUntil({
    hash,
    start,
    signal,
    isDone: ({ read }) => isStopped || read >= limit,
    onProgress({ read, total }) {
      progress.textContent = `Searching: ${formatInteger(read)} of ${count('job', total)}`
    },
  })
  if (signal.aborted) return
  const { jobs, position, error } = outcome
  if (jobs.length > 0) return show(jobs.map(jobLink))
  const text = error ? `The search failed: ${error.message}. ${outcomeText(position)}` : outcomeText(position)
  if (position.cursor === null) return show([text])
  const proceed = () => searchHistory(hash, { signal, show, start: position })
  show([line(element('span', {}, text), 'Continue', proceed)])
}

/**
 * Reads pages until a job of the transaction is found, the history ends, `isDone`, or a request fails.
 * @param start position: `cursor` of the next page (empty: the newest jobs, null: the history has ended), and
 *   `read`, the number of jobs before it
 */
async function readUntil({ hash, start, signal, isDone, onProgress }) {
  const jobs = []
  let position = start
  try {
    while (position.cursor !== null && !isDone(position)) {
      const cursor = position.cursor === '' ? [] : [['cursor', position.cursor]]
      const { data, pagination } = await get('jobs', [...cursor, ['limit', PAGE_SIZE]], signal)
      jobs.push(...data.filter(({ creationTxHash }) => creationTxHash === hash))
      position = {
        cursor: pagination.next,
        read: position.read + data.length,
        total: pagination.total,
        block: data.at(-1)?.blockNumber,
      }
      onProgress(position)
      // The transaction may have created more jobs, which are on the next page if this one ends with a job
      // of it.
      if (jobs.length > 0 && data.at(-1).creationTxHash !== hash) break
    }
    return { jobs, position }
  } catch (error) {
    return { jobs, position, error }
  }
}

function outcomeText({ cursor, read, total, block }) {
  if (cursor === null) return `None of the ${count('job', read)} was created by this transaction.`
  if (read === 0) return 'No job was searched.'
  return `Not found in the newest ${formatInteger(read)} of ${count('job', total)}, back to block ${formatInteger(block)}.`
}

function line(text, label, onClick) {
  const button = element('button', { type: 'button', className: 'quiet' }, label)
  button.addEventListener('click', onClick)
  return element('div', { className: 'search-line' }, text, button)
}
