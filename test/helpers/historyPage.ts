import type { HistoryPage } from '../../src/store/history.ts'

/** Splits a page into the JSON of its jobs. */
export function jobsOf({ jobs }: Pick<HistoryPage, 'jobs'>): string[] {
  const texts = (JSON.parse(`[${jobs}]`) as unknown[]).map((job) => JSON.stringify(job))
  if (texts.join(',') !== jobs) throw new Error(`the jobs are not as they were stored: ${jobs}`)
  return texts
}
