/**
 * Creates an entry of the list: `{ key, job, mark, gone, goneAt }`. Entries are immutable: if a job changes,
 * a new entry replaces the old one.
 * @param mark 'new' for a job that appeared, 'changed' for one that changed; undefined for one that was loaded
 */
export function createEntry(job, mark) {
  return { key: jobKey(job), job, mark, gone: undefined, goneAt: undefined }
}

/**
 * Returns the entry of a job that is gone. Its row stays for a moment, struck out.
 * @param gone 'removed' (a reorg removed the job) or 'left' (the job no longer matches the filters)
 */
export function goneEntry(entry, gone) {
  return { ...entry, gone, goneAt: Date.now() }
}

/**
 * Identifies a job. The id alone does not: a contract may use it twice, and a reorg may move a job to
 * another block.
 */
export function jobKey({ jobId, creationTxHash, blockNumber }) {
  return `${blockNumber}:${creationTxHash}:${jobId}`
}

/**
 * Returns whether a job belongs above another one. The API orders the jobs of one block by the positions of their
 * logs, which a job does not contain. So their ids are compared here. If one is not a decimal number, the order is
 * unknown and the result is false.
 */
export function isNewer(a, b) {
  if (a.blockNumber !== b.blockNumber) return BigInt(a.blockNumber) > BigInt(b.blockNumber)
  return /^\d+$/.test(a.jobId) && /^\d+$/.test(b.jobId) && BigInt(a.jobId) > BigInt(b.jobId)
}

/**
 * Puts an entry into entries that are sorted from newest to oldest. If the order of two jobs is unknown, the added
 * one is placed above.
 */
export function insertSorted(entries, entry) {
  const index = entries.findIndex((other) => !isNewer(other.job, entry.job))
  entries.splice(index === -1 ? entries.length : index, 0, entry)
}

export function replaceEntry(entries, old, entry) {
  entries[entries.indexOf(old)] = entry
}
