import { databaseUrl, rpcUrls } from './urls.ts'
import { apiKeys, contractAddress, oneOf, optional, timeSpan, trustedProxies, wholeNumber } from './values.ts'

/**
 * A setting: one environment variable. Validation, messages, `--help`, the README and `.env.example` follow
 * from it.
 */
export interface Setting {
  /** The environment variable. */
  name: string
  /** The values it accepts, and what happens if it is unset. */
  takes: string
  /**
   * Reads a value. The text is empty if the variable is unset and has no default.
   * @throws InvalidValue
   */
  read(text: string): unknown
  /** The text used if the variable is unset. */
  default?: string
  /** True if it must be set. A process of role `api` reads only the store and needs none of these. */
  required?: true
  /** True if its value is never printed. */
  secret?: true
}

/** The settings by their names in `Config`. */
export const settingsByKey = {
  rpcUrls: {
    name: 'RPC_URL',
    takes: 'http(s):// or ws(s):// URL of the chain; several, comma-separated, are tried in order',
    read: rpcUrls,
    required: true,
    secret: true,
  },
  contractAddress: {
    name: 'CONTRACT_ADDRESS',
    takes: 'address of the contract that emits the jobs: 0x and 40 hex digits',
    read: contractAddress,
    required: true,
  },
  /** Name or path of the contract's definition. */
  contract: {
    name: 'CONTRACT',
    default: 'job-registry',
    takes:
      'definition of the contract: job-registry, erc8183, or the path of your own module or ABI file (.json)',
    read: String,
  },
  startBlock: {
    name: 'START_BLOCK',
    takes:
      'first block to index; unset: the block that created the contract, found by searching for its code',
    read: optional(wholeNumber(0, 999_999_999_999_999)),
  },
  confirmations: {
    name: 'CONFIRMATIONS',
    default: '0',
    takes: 'blocks to stay below the head, 0 to 10000',
    read: wholeNumber(0, 10_000),
  },
  pollIntervalMs: {
    name: 'POLL_INTERVAL_MS',
    default: '1000',
    takes: 'milliseconds between polls of the head, 10 to 30000; a ws:// URL also announces each new head',
    read: wholeNumber(10, 30_000),
  },
  maxLagSeconds: {
    name: 'MAX_LAG_SECONDS',
    default: '60',
    takes:
      'seconds that the index may lag, or go without an answer from the chain, before /ready answers 503, 5 to 86400; at least twice POLL_INTERVAL_MS',
    // An answer from the chain is recorded at each poll, but at most every 2 s. With a lower limit, /ready would
    // answer 503 for a healthy index.
    read: wholeNumber(5, 86_400),
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    takes: 'postgres:// URL; unset: an embedded database (PGlite) in DATA_DIR',
    read: optional(databaseUrl),
    secret: true,
  },
  databaseConnections: {
    name: 'DATABASE_CONNECTIONS',
    default: '10',
    takes: 'connections to Postgres for the queries of clients, 1 to 100; the process opens three more',
    read: wholeNumber(1, 100),
  },
  dataDir: {
    name: 'DATA_DIR',
    default: './data',
    takes: 'folder of the embedded database, created if missing; used if DATABASE_URL is unset',
    read: String,
  },
  host: { name: 'HOST', default: '0.0.0.0', takes: 'address to listen on', read: String },
  port: {
    name: 'PORT',
    default: '3000',
    takes: 'port to listen on, 0 to 65535; 0 takes a free one',
    read: wholeNumber(0, 65_535),
  },
  keepaliveSeconds: {
    name: 'KEEPALIVE_SECONDS',
    default: '30',
    takes: 'seconds of silence after which a stream gets a ping, 1 to 60',
    // Clients reconnect after 75 s of silence. The difference is room for a slow network.
    read: wholeNumber(1, 60),
  },
  stallSeconds: {
    name: 'STALL_SECONDS',
    default: '20',
    takes: 'seconds after which a stream whose client reads nothing is closed, 1 to 3600',
    read: wholeNumber(1, 3600),
  },
  feedRetentionSeconds: {
    name: 'FEED_RETENTION',
    default: '1h',
    takes: 'how long a client may be away and still resume: 90s, 30m, 1h, 2d; 0 switches resuming off',
    read: timeSpan,
  },
  maxStreams: {
    name: 'MAX_STREAMS',
    default: '20000',
    takes: 'open streams of one process, 1 to 1000000',
    read: wholeNumber(1, 1_000_000),
  },
  maxStreamsPerIp: {
    name: 'MAX_STREAMS_PER_IP',
    default: '50',
    takes: 'open streams of one client address, 1 to 1000000',
    read: wholeNumber(1, 1_000_000),
  },
  rateLimit: {
    name: 'RATE_LIMIT',
    default: '600',
    takes:
      'requests per minute from one client address. Opening a stream counts; probes and files of the page do not. 0 sets no limit',
    read: wholeNumber(0, 10_000_000),
  },
  trustProxy: {
    name: 'TRUST_PROXY',
    default: 'false',
    takes:
      'proxies whose X-Forwarded-For is trusted: true, false, a number of hops, or addresses and CIDR ranges, comma-separated',
    read: trustedProxies,
  },
  apiKeys: {
    name: 'API_KEYS',
    takes: 'keys of at least 8 characters, comma-separated; unset: the API is public',
    read: apiKeys,
    secret: true,
  },
  logLevel: {
    name: 'LOG_LEVEL',
    default: 'info',
    takes: 'trace, debug, info, warn, error, fatal or silent',
    read: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
  },
} satisfies Record<string, Setting>

/** Every setting, in the order of the documentation. */
export const settings: Setting[] = Object.values(settingsByKey)
