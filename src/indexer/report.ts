import type { Logger } from 'pino'
import type { Metrics } from '../observe/metrics.ts'
import type { Report } from './context.ts'
import { createProgressLog } from './progress.ts'

/** Returns a report that counts in metrics and writes to the log. */
export function createReport(metrics: Metrics, log: Logger, confirmations: number): Report {
  const progress = createProgressLog(log, confirmations)
  let searching = false
  return {
    searchBegan() {
      // Logged once: a search that fails is repeated every few seconds.
      if (!searching) log.info("searching for the contract's first block")
      searching = true
    },
    advanced(cursor, step) {
      const createdJobs = step.jobs.filter(({ before }) => before === null).length
      metrics.jobsIndexed.inc(createdJobs)
      metrics.changesIndexed.inc(step.changes.length)
      progress(cursor, step, createdJobs)
      for (const { raw, cause, reason } of step.unapplied) {
        metrics.unappliedLogs.inc({ cause })
        const { transactionHash, blockNumber } = raw
        // With START_BLOCK set, changes of older jobs are expected.
        log[cause === 'malformed' ? 'warn' : 'debug'](
          { transactionHash, blockNumber: Number(blockNumber), reason },
          'a log of the contract was not applied; it is stored in unapplied_logs',
        )
      }
    },
    rewound(cursor, { to, jobs }) {
      metrics.reorgs.inc()
      metrics.reorgDepth.observe(cursor.blockNumber - to.number)
      const jobsRemoved = jobs.filter(({ after }) => after === null).length
      log.info(
        { from: cursor.blockNumber, to: to.number, jobsRemoved, jobsRestored: jobs.length - jobsRemoved },
        'the chain was reorganized',
      )
    },
    bloomMismatch({ number }) {
      metrics.bloomMismatches.inc()
      log.debug(
        { blockNumber: number },
        'the block is indexed, although its bloom announces logs that no endpoint gave',
      )
    },
  }
}
