import { $ } from './elements.js'
import { count } from './format.js'

/** A screen reader that reads every job of a busy chain helps nobody. */
const EVERY_MS = 10_000

/** Says something to a screen reader, after what it is saying. */
export function announce(text) {
  $('announcer').textContent = text
}

/** Sums up what happened to the jobs, now and then. @returns what takes each event */
export function createAnnouncer() {
  const happened = { job_created: 0, job_updated: 0, job_removed: 0 }
  setInterval(() => {
    const parts = []
    if (happened.job_created > 0) parts.push(`${count('new job', happened.job_created)}.`)
    if (happened.job_updated > 0) parts.push(`${count('change', happened.job_updated)}.`)
    if (happened.job_removed > 0) parts.push(`${count('job', happened.job_removed)} removed.`)
    if (parts.length > 0) announce(parts.join(' '))
    for (const type of Object.keys(happened)) happened[type] = 0
  }, EVERY_MS)
  return (type) => {
    happened[type] += 1
  }
}
