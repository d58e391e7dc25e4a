import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { envSchema } from 'env-schema'
import { type Static, Type } from 'typebox'

const duration = '^[0-9]+(s|m|h|d)?$'
const rpcUrl = '(https?|wss?)://[^\\s,]+'

/**
 * Every setting: name, form, default and what it takes. The one source for validation, for the messages of a
 * wrong value, for `jobcast --help` and for the README's table.
 */
export const settings = Type.Object({
  RPC_URL: Type.String({
    pattern: `^\\s*${rpcUrl}(\\s*,\\s*${rpcUrl})*\\s*$`,
    description: 'http(s):// or ws(s):// URL of the chain; several, comma-separated, are tried in order',
  }),
  CONTRACT_ADDRESS: Type.String({
    pattern: '^0x[0-9a-fA-F]{40}$',
    description: '0x and 40 hex digits: the contract that emits JobCreated',
  }),
  START_BLOCK: Type.Optional(
    Type.String({
      pattern: '^[0-9]{1,15}$',
      description: "block number to index from; unset: the contract's first block, found from its code",
    }),
  ),
  CONFIRMATIONS: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 10_000,
    description: 'blocks to stay behind the head, 0 to 10000',
  }),
  POLL_INTERVAL_MS: Type.Integer({
    default: 1000,
    minimum: 10,
    maximum: 600_000,
    description:
      'milliseconds between looks at the head, 10 to 600000; a ws:// URL also wakes on each new head',
  }),
  MAX_LAG_SECONDS: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 86_400,
    description: 'seconds the indexer may be behind before /ready says 503, 1 to 86400',
  }),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://\\S+$',
      description: 'postgres:// URL; unset: an embedded database (PGlite) in DATA_DIR',
    }),
  ),
  DATABASE_CONNECTIONS: Type.Integer({
    default: 5,
    minimum: 1,
    maximum: 100,
    description: 'connections to Postgres one process opens at most, 1 to 100, beside one that listens',
  }),
  DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    description: 'folder of the embedded database, made if missing; used when DATABASE_URL is unset',
  }),
  HOST: Type.String({ default: '0.0.0.0', minLength: 1, description: 'address to listen on' }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65_535,
    description: 'port to listen on, 0 to 65535; 0 takes a free one',
  }),
  KEEPALIVE_SECONDS: Type.Integer({
    default: 30,
    minimum: 1,
    maximum: 3600,
    description: 'seconds of silence after which a stream gets a ping, 1 to 3600',
  }),
  STALL_SECONDS: Type.Integer({
    default: 20,
    minimum: 1,
    maximum: 3600,
    description: 'seconds a client may take no bytes before its stream is cut, 1 to 3600',
  }),
  FEED_RETENTION: Type.String({
    default: '1h',
    pattern: duration,
    description: 'how long a client may be away and still resume: 90s, 30m, 1h, 2d; 0 switches resuming off',
  }),
  MAX_STREAMS: Type.Integer({
    default: 20_000,
    minimum: 1,
    maximum: 1_000_000,
    description: 'open streams one process holds, 1 to 1000000',
  }),
  MAX_STREAMS_PER_IP: Type.Integer({
    default: 50,
    minimum: 1,
    maximum: 1_000_000,
    description: 'open streams for one client address, 1 to 1000000',
  }),
  RATE_LIMIT: Type.Integer({
    default: 600,
    minimum: 0,
    maximum: 10_000_000,
    description: 'requests a minute for one client address, streams included; 0 sets no limit',
  }),
  TRUST_PROXY: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'proxies whose X-Forwarded-For is believed: true, a number of hops, or addresses and CIDR ranges, comma-separated',
    }),
  ),
  API_KEYS: Type.Optional(
    Type.String({
      pattern: '^\\s*[^\\s,]{8,}(\\s*,\\s*[^\\s,]{8,})*\\s*$',
      description: 'keys of at least 8 characters, comma-separated; unset: the API is public',
    }),
  ),
  LOG_LEVEL: Type.String({
    default: 'info',
    enum: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
    description: 'trace, debug, info, warn, error, fatal or silent',
  }),
})

/** What a process does: index the chain, serve the API, or both. */
export type Role = 'all' | 'indexer' | 'api'

/** The settings as the program uses them. */
export interface Config {
  role: Role
  /** empty where the role needs no chain */
  rpcUrls: string[]
  /** lower case; `0x` where the role needs no chain */
  contract: `0x${string}`
  startBlock: number | undefined
  confirmations: number
  pollIntervalMs: number
  maxLagSeconds: number
  databaseUrl: string | undefined
  databaseConnections: number
  dataDir: string
  host: string
  port: number
  keepaliveSeconds: number
  stallSeconds: number
  feedRetentionSeconds: number
  maxStreams: number
  maxStreamsPerIp: number
  rateLimit: number
  trustProxy: boolean | number | string
  apiKeys: string[]
  logLevel: string
}

/** Some settings are wrong or missing; the message names each of them and what it takes. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

/** The environment over the `.env` file of the working folder; a variable set to nothing counts as unset. */
export function readEnvironment(): Record<string, string> {
  const merged = { ...readDotEnv(), ...process.env }
  return Object.fromEntries(Object.entries(merged).filter((e): e is [string, string] => Boolean(e[1])))
}

function readDotEnv(): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync('.env', 'utf8'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {}
    throw new ConfigError(`.env cannot be read: ${(error as Error).message}`)
  }
}

/**
 * Validates an environment. An `api` process reads the store only, so it needs no RPC_URL and no CONTRACT_ADDRESS.
 * @throws ConfigError that names every wrong variable at once.
 */
export function loadConfig(env: Record<string, string>, role: Role = 'all'): Readonly<Config> {
  let values: Static<typeof settings>
  try {
    values = envSchema<Static<typeof settings>>({
      schema: { ...structuredClone(settings), ...(role === 'api' && { required: [] }) },
      data: structuredClone(env),
      env: false,
    })
  } catch (error) {
    throw new ConfigError(explain((error as { errors?: SchemaError[] }).errors ?? [], env))
  }
  return Object.freeze({
    role,
    rpcUrls: list(values.RPC_URL ?? ''),
    contract: (values.CONTRACT_ADDRESS ?? '0x').toLowerCase() as `0x${string}`,
    startBlock: values.START_BLOCK === undefined ? undefined : Number(values.START_BLOCK),
    confirmations: values.CONFIRMATIONS,
    pollIntervalMs: values.POLL_INTERVAL_MS,
    maxLagSeconds: values.MAX_LAG_SECONDS,
    databaseUrl: values.DATABASE_URL,
    databaseConnections: values.DATABASE_CONNECTIONS,
    dataDir: values.DATA_DIR,
    host: values.HOST,
    port: values.PORT,
    keepaliveSeconds: values.KEEPALIVE_SECONDS,
    stallSeconds: values.STALL_SECONDS,
    feedRetentionSeconds: seconds(values.FEED_RETENTION),
    maxStreams: values.MAX_STREAMS,
    maxStreamsPerIp: values.MAX_STREAMS_PER_IP,
    rateLimit: values.RATE_LIMIT,
    trustProxy: proxies(values.TRUST_PROXY),
    apiKeys: list(values.API_KEYS ?? ''),
    logLevel: values.LOG_LEVEL,
  })
}

type SettingName = keyof typeof settings.properties

interface SchemaError {
  instancePath: string
  params: { missingProperty?: string }
}

function explain(errors: SchemaError[], env: Record<string, string>): string {
  const names = new Set(errors.map((e) => e.params.missingProperty ?? e.instancePath.slice(1)))
  const lines = [...names].map((name) => {
    const { description: takes } = settings.properties[name as SettingName] as { description?: string }
    const found =
      env[name] === undefined ? 'is missing' : `is ${secret(name) ? 'not valid' : `"${env[name]}"`}`
    return `  ${name} ${found}; it takes: ${takes}`
  })
  return `The configuration is wrong:\n${lines.join('\n')}\nSet them in the environment or in .env (see .env.example).`
}

/** RPC and database URLs often carry a key or a password: never echoed. */
function secret(name: string): boolean {
  return ['RPC_URL', 'DATABASE_URL', 'API_KEYS'].includes(name)
}

function list(value: string): string[] {
  return value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function seconds(value: string): number {
  const unit = { s: 1, m: 60, h: 3600, d: 86_400 }[value.slice(-1)] ?? 1
  return Number.parseInt(value, 10) * unit
}

function proxies(value: string | undefined): boolean | number | string {
  if (value === undefined || value === 'false') return false
  if (value === 'true') return true
  return /^[0-9]+$/.test(value) ? Number(value) : value
}
