import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { version } from '../version.ts'

/** Histogram buckets for durations, in seconds. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

export type Metrics = ReturnType<typeof createMetrics>

/**
 * Creates the metrics of this process, named by the conventions of Prometheus: base units, and `_total` for
 * counters. Gauges are registered with `observeGauge` by the module that has their values.
 */
export function createMetrics() {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'jobcast_build_info',
    help: 'Always 1; the label is the version of Jobcast.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1)
  const factories = createFactories(registry)
  return {
    registry,
    ...indexerMetrics(factories),
    ...databaseMetrics(factories),
    ...httpMetrics(factories),
    ...streamMetrics(factories),
  }
}

/** Registers a gauge whose value is read at each scrape. */
export function observeGauge(
  registry: Registry,
  name: string,
  help: string,
  read: () => number | Promise<number>,
): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    async collect() {
      this.set(await read())
    },
  })
}

type Factories = ReturnType<typeof createFactories>

function createFactories(registry: Registry) {
  const registers = [registry]
  return {
    /**
     * Creates a counter. Each known label value starts at 0, because Prometheus sees no increase if a series
     * starts at 1.
     */
    counter: <Label extends string>(name: string, help: string, label?: Label, values: string[] = []) => {
      const labelNames = label === undefined ? [] : [label]
      const counter = new Counter({ name, help, labelNames, registers })
      for (const value of values) counter.labels(value).inc(0)
      return counter
    },
    /** Creates a histogram of seconds. */
    duration: <Label extends string>(name: string, help: string, labelNames: Label[] = []) =>
      new Histogram({ name, help, buckets: SECONDS, labelNames, registers }),
    histogram: (name: string, help: string, buckets: number[]) =>
      new Histogram({ name, help, buckets, registers }),
  }
}

const indexerMetrics = ({ counter, duration, histogram }: Factories) => ({
  jobsIndexed: counter('jobcast_jobs_indexed_total', 'Creations of jobs written by this process.'),
  changesIndexed: counter('jobcast_changes_indexed_total', 'Changes of jobs written by this process.'),
  unappliedLogs: counter(
    'jobcast_unapplied_logs_total',
    'Logs of the contract that changed no job: malformed logs, and changes of a job whose creation was not indexed.',
    'cause',
    ['malformed', 'unknown_job'],
  ),
  reorgs: counter('jobcast_reorgs_total', 'Rewinds of the local chain by this process.'),
  reorgDepth: histogram(
    'jobcast_reorg_depth_blocks',
    'Number of blocks removed by a rewind.',
    [1, 2, 3, 5, 8, 16, 32, 64, 128],
  ),
  bloomMismatches: counter(
    'jobcast_bloom_mismatches_total',
    'Blocks whose bloom filter announced logs that no endpoint returned.',
  ),
  stepSeconds: duration(
    'jobcast_indexer_step_duration_seconds',
    'Duration of a step of the indexer, from reading the chain to the commit.',
  ),
  rpcSeconds: duration(
    'jobcast_rpc_request_duration_seconds',
    'Duration of RPC requests, including failed ones.',
    ['method'],
  ),
  rpcErrors: counter('jobcast_rpc_errors_total', 'RPC requests that failed.', 'method'),
})

const databaseMetrics = ({ counter, duration }: Factories) => ({
  databaseSeconds: duration(
    'jobcast_database_query_duration_seconds',
    'Duration of statements, including failed ones and the wait for a connection.',
  ),
  databaseErrors: counter('jobcast_database_errors_total', 'Statements that failed.'),
})

const httpMetrics = ({ duration }: Factories) => ({
  httpSeconds: duration('jobcast_http_request_duration_seconds', 'Duration of requests other than streams.', [
    'route',
    'status',
  ]),
})

const streamMetrics = ({ counter, histogram }: Factories) => ({
  streamsOpened: counter(
    'jobcast_streams_opened_total',
    'Streams opened. resumed is true, false if there was a gap, or null for a new subscription.',
    'resumed',
    ['null', 'true', 'false'],
  ),
  streamsClosed: counter('jobcast_streams_closed_total', 'Streams that ended.'),
  streamsRefused: counter('jobcast_streams_refused_total', 'Streams refused.', 'reason', [
    'full',
    'draining',
    'unreachable',
    'rate_limited',
    'unauthorized',
    'bad_request',
    'internal',
  ]),
  streamsDisconnected: counter(
    'jobcast_streams_disconnected_total',
    'Streams ended by the server because their client read nothing (stalled), or so slowly that its next events were pruned (too_far_behind).',
    'reason',
    ['stalled', 'too_far_behind'],
  ),
  resumeBehind: histogram(
    'jobcast_resume_behind_events',
    'Events in memory after the position of a resumed stream.',
    [0, 1, 10, 100, 1_000, 10_000],
  ),
  delivered: counter('jobcast_events_delivered_total', 'Job events written to streams.'),
  streamBytes: counter(
    'jobcast_stream_bytes_total',
    'Bytes written to open streams: first frames, events and pings, with their HTTP chunk framing.',
  ),
})
