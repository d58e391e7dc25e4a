import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/** What this process counts, by the naming conventions of Prometheus: base units, `_total` on counters. */
export function createMetrics() {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers })
  const counter = <T extends string>(name: string, help: string, labelNames: T[] = []) =>
    new Counter({ name, help, labelNames, registers })

  return {
    registry,
    headBlock: gauge('jobcast_head_block', 'Number of the chain head when an indexer last looked.'),
    indexedBlock: gauge('jobcast_indexed_block', 'Number of the block indexed last.'),
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
    malformedLogs: counter('jobcast_malformed_logs_total', 'Logs with our topic that did not decode.'),
    reorgs: counter('jobcast_reorgs_total', 'Rewinds of the local chain by this process.'),
    reorgDepth: new Histogram({
      name: 'jobcast_reorg_depth_blocks',
      help: 'Blocks a rewind took away.',
      buckets: [1, 2, 3, 5, 8, 16, 32, 64, 128],
      registers,
    }),
    bloomMismatches: counter(
      'jobcast_bloom_mismatches_total',
      'Blocks whose bloom announced logs that no endpoint had.',
    ),
    stepSeconds: new Histogram({
      name: 'jobcast_indexer_step_seconds',
      help: 'Time of one step of the indexer, chain and database included.',
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    rpcSeconds: new Histogram({
      name: 'jobcast_rpc_request_seconds',
      help: 'Time of RPC requests.',
      labelNames: ['method'] as const,
      buckets: [0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    }),
    rpcErrors: counter('jobcast_rpc_errors_total', 'RPC requests that failed.', ['method']),
    streams: gauge('jobcast_streams', 'Open streams.'),
    streamsStalled: gauge('jobcast_streams_stalled', 'Open streams whose client takes no bytes now.'),
    streamsOpened: counter('jobcast_streams_opened_total', 'Streams opened, by how they began.', ['resumed']),
    streamsClosed: counter('jobcast_streams_closed_total', 'Streams that ended.'),
    streamsRefused: counter('jobcast_streams_refused_total', 'Streams refused.', ['reason']),
    streamsCut: counter('jobcast_streams_disconnected_total', 'Streams the server ended.', ['reason']),
    resumeBehind: new Histogram({
      name: 'jobcast_resume_behind_events',
      help: 'Events between a resumed position and the end of the feed.',
      buckets: [0, 1, 10, 100, 1_000, 10_000, 100_000],
      registers,
    }),
    delivered: counter('jobcast_events_delivered_total', 'Job events written to streams.'),
    streamBytes: counter(
      'jobcast_stream_bytes_total',
      'Bytes written to streams: frames of all kinds, pings included, and their chunks.',
    ),
  }
}

export type Metrics = ReturnType<typeof createMetrics>
