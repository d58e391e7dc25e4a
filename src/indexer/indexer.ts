import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import type { Logger } from 'pino'
import { createRpcSource } from '../chain/rpc.ts'
import type { Config } from '../config.ts'
import { messageOf } from '../messages.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { IndexerContext } from './context.ts'
import { createStepper } from './converge.ts'
import { runIndexer } from './loop.ts'
import { createReport } from './report.ts'

interface IndexerDependencies extends Pick<IndexerContext, 'contract' | 'db' | 'onCommit'> {
  config: Config
  metrics: Metrics
  log: Logger
}

/** Starts the indexer of this process, as configured. It runs until it is stopped. */
export function startIndexer({ config, contract, db, onCommit, metrics, log }: IndexerDependencies) {
  const { contractAddress: address, startBlock, confirmations, pollIntervalMs } = config
  const source = createRpcSource(
    config.rpcUrls,
    { address, topics: contract.topics },
    {
      onRequest(method, seconds, error) {
        metrics.rpcSeconds.observe({ method }, seconds)
        if (error === undefined) return
        metrics.rpcErrors.inc({ method })
        log.debug({ method }, `RPC request failed: ${messageOf(error)}`)
      },
      onLargeBlock: (blockNumber, logs) =>
        log.warn({ blockNumber, logs }, 'the logs of a block needed a larger answer, or its receipts'),
    },
  )
  const context: IndexerContext = {
    source,
    db,
    indexerId: randomUUID(),
    address,
    contract,
    startBlock,
    confirmations,
    pause: setTimeout,
    now: () => performance.now(),
    onCommit,
    report: createReport(metrics, log, confirmations),
  }
  const { step, head } = createStepper(context)

  async function measuredStep() {
    const done = metrics.stepSeconds.startTimer()
    const outcome = await step()
    if (outcome === 'moved' || outcome === 'arrived') done()
    return outcome
  }
  const indexer = runIndexer(context, { pollIntervalMs, log, stepper: { step: measuredStep, head } })
  return {
    /** false for a standby, and while indexing fails */
    working: () => indexer.state().name === 'working',
    /**
     * Returns why indexing is halted; undefined if it is not. A temporary failure does not halt indexing, but
     * shows as lag.
     */
    haltReason() {
      const state = indexer.state()
      return state.name === 'halted' ? state.reason : undefined
    },
    async stop() {
      await indexer.stop()
      source.close()
    },
  }
}
