import type { HistoryPage } from '../../src/store/history.ts'

/** The JSON of each job of a page. */
export function jobsOf({ jobs }: Pick<HistoryPage, 'jobs'>): string[] {
  const texts = (JSON.parse(`[${jobs}]`) as unknown[]).map((job) => JSON.stringify(job))
  if (texts.join(',') !== jobs) throw new Error(`the jobs are not as they were stored: ${jobs}`)
  return texts
}
