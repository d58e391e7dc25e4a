import { $ } from './elements.js'
import { count } from './format.js'

/** Interval of the summaries. On a busy chain, a screen reader could not keep up with single jobs. */
const SUMMARY_MS = 10_000

/** Makes a screen reader say a text, once it has finished what it is saying. */
export function announce(text) {
  $('announcer').textContent = text
}

/**
 * Announces how many jobs were created, changed and removed, every 10 s.
 * @returns a function that counts an event by its type
 */
export function createSummary() {
  const happened = { job_created: 0, job_updated: 0, job_removed: 0 }
  setInterval(() => {
    const parts = []
    if (happened.job_created > 0) parts.push(`${count('new job', happened.job_created)}.`)
    if (happened.job_updated > 0) parts.push(`${count('change', happened.job_updated)}.`)
    if (happened.job_removed > 0) parts.push(`${count('job', happened.job_removed)} removed.`)
    if (parts.length > 0) announce(parts.join(' '))
    for (const type of Object.keys(happened)) happened[type] = 0
  }, SUMMARY_MS)
  return (type) => {
    happened[type] += 1
  }
}
