import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** Seconds. */
const LATENCY = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

/** What this process counts, by the naming conventions of Prometheus: base units, `_total` on counters. */
export function createMetrics(version: string) {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Counter({ name, help, labelNames, registers })

  const histogram = <T extends string>(name: string, help: string, buckets: number[], labelNames: T[] = []) =>
    new Histogram({ name, help, buckets, labelNames, registers })

  new Gauge({ name: 'jobcast_build_info', help: 'Always 1.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )

  return {
    registry,
    headBlock: gauge('jobcast_head_block', 'Number of the chain head when an indexer last looked.'),
    indexedBlock: gauge('jobcast_indexed_block', 'Number of the block indexed last.'),
    lagBlocks: gauge('jobcast_lag_blocks', 'Blocks between the indexed block and the head.'),
    lagSeconds: gauge('jobcast_lag_seconds', 'Chain time between the indexed block and the head.'),
    checkedAgoSeconds: gauge(
      'jobcast_chain_contact_age_seconds',
      'Time since an indexer last had an answer from the chain.',
    ),
    indexerWorking: gauge(
      'jobcast_indexer_working',
      '1 where this process indexes, 0 where it stands by or fails.',
    ),
    feedLastId: gauge('jobcast_feed_last_id', 'The last id of the feed this process knows.'),
    jobsIndexed: counter('jobcast_jobs_indexed_total', 'Jobs written by this process.'),
    changesIndexed: counter('jobcast_changes_indexed_total', 'Changes of jobs written by this process.'),
    unappliedLogs: counter(
      'jobcast_unapplied_logs_total',
      'Logs of the contract that changed nothing: malformed, or of a job whose creation was not indexed.',
      ['cause'],
    ),
    reorgs: counter('jobcast_reorgs_total', 'Rewinds of the local chain by this process.'),
    reorgDepth: histogram(
      'jobcast_reorg_depth_blocks',
      'Blocks a rewind took away.',
      [1, 2, 3, 5, 8, 16, 32, 64, 128],
    ),
    bloomMismatches: counter(
      'jobcast_bloom_mismatches_total',
      'Blocks whose bloom announced logs that no endpoint had.',
    ),
    stepSeconds: histogram(
      'jobcast_indexer_step_duration_seconds',
      'Time of one step of the indexer, chain and database included.',
      LATENCY,
    ),
    rpcSeconds: histogram(
      'jobcast_rpc_request_duration_seconds',
      'Time of RPC requests, failed ones too, by method.',
      LATENCY,
      ['method'],
    ),
    rpcErrors: counter('jobcast_rpc_errors_total', 'RPC requests that failed.', ['method']),
    databaseUp: gauge('jobcast_database_up', '1 where the database answered when the metrics were read.'),
    databaseSeconds: histogram(
      'jobcast_database_query_duration_seconds',
      'Time of statements, the wait for a connection included, failed ones too.',
      LATENCY,
    ),
    databaseErrors: counter('jobcast_database_errors_total', 'Statements that failed.'),
    databaseActive: gauge(
      'jobcast_database_queries_active',
      'Statements sent or waiting for a connection: more than there are connections means a queue.',
    ),
    databaseConnections: gauge(
      'jobcast_database_connections_max',
      'Connections the pool may open, one for notifications aside.',
    ),
    httpSeconds: histogram(
      'jobcast_http_request_duration_seconds',
      'Time of requests to their answer, by route and status; streams aside.',
      LATENCY,
      ['route', 'status'],
    ),
    streams: gauge('jobcast_streams', 'Open streams.'),
    streamsStalled: gauge('jobcast_streams_stalled', 'Open streams whose client takes no bytes now.'),
    streamsOpened: counter('jobcast_streams_opened_total', 'Streams opened, by how they began.', ['resumed']),
    streamsClosed: counter('jobcast_streams_closed_total', 'Streams that ended.'),
    streamsRefused: counter('jobcast_streams_refused_total', 'Streams refused.', ['reason']),
    streamsCut: counter('jobcast_streams_disconnected_total', 'Streams the server ended.', ['reason']),
    resumeBehind: histogram(
      'jobcast_resume_behind_events',
      'Events in memory after a resumed position.',
      [0, 1, 10, 100, 1_000, 10_000, 100_000],
    ),
    delivered: counter('jobcast_events_delivered_total', 'Job events written to streams.'),
    streamBytes: counter(
      'jobcast_stream_bytes_total',
      'Bytes written to streams: frames of all kinds, pings included, and their chunks.',
    ),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
