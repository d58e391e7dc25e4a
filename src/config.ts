import { readFileSync } from 'node:fs'
import { isIP } from 'node:net'
import { parseEnv } from 'node:util'
import { redactUrls } from './observe/secrets.ts'

/** What a process does: index the chain, serve the API, or both. */
export type Role = 'all' | 'indexer' | 'api'

interface Setting {
  /** the environment variable */
  name: string
  /** what it takes: for messages, `--help` and the README */
  takes: string
  /** The value of a text. */
  read(text: string): unknown
  /** the text that counts if the variable is unset */
  default?: string
  /** the value if the variable is unset and there is no default */
  unset?: unknown
  /** true if it must be set; a process of role `api` reads the store only and needs none of these */
  required?: true
  /** true if its text is never printed */
  secret?: true
}

/** A text that a setting does not take. The reason is printed, so it must not quote the text. */
class Wrong {
  readonly reason: string | undefined
  constructor(reason?: string) {
    this.reason = reason
  }
}

/** Every setting, by its name in {@link Config}. Validation, messages, `--help`, the README and Config follow from it. */
const table = {
  rpcUrls: {
    name: 'RPC_URL',
    takes: 'http(s):// or ws(s):// URL of the chain; several, comma-separated, are tried in order',
    read: rpcUrls,
    required: true,
    secret: true,
    unset: [],
  },
  /** lower case */
  contractAddress: {
    name: 'CONTRACT_ADDRESS',
    takes: '0x and 40 hex digits: the contract that emits the jobs',
    read: (text: string) =>
      /^0x[0-9a-f]{40}$/i.test(text) ? (text.toLowerCase() as `0x${string}`) : new Wrong(),
    required: true,
    unset: '0x' as const,
  },
  /** name or path of the contract's definition */
  contract: {
    name: 'CONTRACT',
    default: 'job-registry',
    takes:
      "the contract's definition: job-registry, erc8183, or the path of a module or of an ABI file (.json) of your own",
    read: String,
  },
  startBlock: {
    name: 'START_BLOCK',
    takes: "block number to index from; unset: the contract's first block, found from its code",
    read: integer(0, 999_999_999_999_999),
    unset: undefined,
  },
  confirmations: {
    name: 'CONFIRMATIONS',
    default: '0',
    takes: 'blocks to stay behind the head, 0 to 10000',
    read: integer(0, 10_000),
  },
  pollIntervalMs: {
    name: 'POLL_INTERVAL_MS',
    default: '1000',
    takes: 'milliseconds between looks at the head, 10 to 600000; a ws:// URL also wakes on each new head',
    read: integer(10, 600_000),
  },
  maxLagSeconds: {
    name: 'MAX_LAG_SECONDS',
    default: '60',
    takes: 'seconds the indexer may be behind before /ready says 503, 1 to 86400',
    read: integer(1, 86_400),
  },
  databaseUrl: {
    name: 'DATABASE_URL',
    takes: 'postgres:// URL; unset: an embedded database (PGlite) in DATA_DIR',
    read: databaseUrl,
    secret: true,
    unset: undefined,
  },
  databaseConnections: {
    name: 'DATABASE_CONNECTIONS',
    default: '10',
    takes: 'connections to Postgres for the queries of clients, 1 to 100, beside three of its own',
    read: integer(1, 100),
  },
  dataDir: {
    name: 'DATA_DIR',
    default: './data',
    takes: 'folder of the embedded database, made if missing; used when DATABASE_URL is unset',
    read: String,
  },
  host: { name: 'HOST', default: '0.0.0.0', takes: 'address to listen on', read: String },
  port: {
    name: 'PORT',
    default: '3000',
    takes: 'port to listen on, 0 to 65535; 0 takes a free one',
    read: integer(0, 65_535),
  },
  keepaliveSeconds: {
    name: 'KEEPALIVE_SECONDS',
    default: '30',
    takes: 'seconds of silence after which a stream gets a ping, 1 to 3600',
    read: integer(1, 3600),
  },
  stallSeconds: {
    name: 'STALL_SECONDS',
    default: '20',
    takes: 'seconds a client may take no bytes before its stream is cut, 1 to 3600',
    read: integer(1, 3600),
  },
  feedRetentionSeconds: {
    name: 'FEED_RETENTION',
    default: '1h',
    takes: 'how long a client may be away and still resume: 90s, 30m, 1h, 2d; 0 switches resuming off',
    read: duration,
  },
  maxStreams: {
    name: 'MAX_STREAMS',
    default: '20000',
    takes: 'open streams one process holds, 1 to 1000000',
    read: integer(1, 1_000_000),
  },
  maxStreamsPerIp: {
    name: 'MAX_STREAMS_PER_IP',
    default: '50',
    takes: 'open streams for one client address, 1 to 1000000',
    read: integer(1, 1_000_000),
  },
  rateLimit: {
    name: 'RATE_LIMIT',
    default: '600',
    takes: 'requests a minute for one client address, streams included; 0 sets no limit',
    read: integer(0, 10_000_000),
  },
  /** a number: that many proxies next to this process are believed */
  trustProxy: {
    name: 'TRUST_PROXY',
    takes:
      'proxies whose X-Forwarded-For is believed: true, a number of hops, or addresses and CIDR ranges, comma-separated',
    read: proxies,
    unset: false,
  },
  apiKeys: {
    name: 'API_KEYS',
    takes: 'keys of at least 8 characters, comma-separated; unset: the API is public',
    read: apiKeys,
    secret: true,
    unset: [],
  },
  logLevel: {
    name: 'LOG_LEVEL',
    default: 'info',
    takes: 'trace, debug, info, warn, error, fatal or silent',
    read: (text: string) =>
      ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].includes(text) ? text : new Wrong(),
  },
} satisfies Record<string, Setting>

type Table = typeof table
type Unset<S> = S extends { unset: infer Value } ? (Value extends never[] ? never : Value) : never

/** The settings as the program uses them. */
export type Config = { role: Role } & {
  [K in keyof Table]: Exclude<ReturnType<Table[K]['read']>, Wrong> | Unset<Table[K]>
}

const all: Setting[] = Object.values(table)

/** Every setting by its variable, for `--help`, the README and `.env.example`. */
export const settings = {
  properties: Object.fromEntries(
    all.map((setting) => [setting.name, { description: setting.takes, default: setting.default }]),
  ),
  required: all.filter((setting) => setting.required).map(({ name }) => name),
}

/** Some settings are wrong or missing. The message names each of them and what it takes, and no secret. */
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
 * Validates an environment. White space around a value is ignored.
 * @throws ConfigError that names every wrong variable at once
 */
export function loadConfig(env: Record<string, string>, role: Role = 'all'): Readonly<Config> {
  const config: Record<string, unknown> = { role }
  const wrong: string[] = []
  for (const [key, setting] of Object.entries<Setting>(table)) {
    const text = env[setting.name]?.trim() || setting.default
    const value = text === undefined ? setting.unset : setting.read(text)
    config[key] = value
    if (text === undefined && setting.required && role !== 'api')
      wrong.push(`${setting.name} is missing; it takes: ${setting.takes}`)
    if (value instanceof Wrong) wrong.push(explain(setting, text as string, value))
  }
  if (wrong.length === 0) return Object.freeze(config as Config)
  const lines = [...wrong, ...misspelt(env)].map((line) => `  ${line}`)
  throw new ConfigError(
    `The configuration is wrong:\n${lines.join('\n')}\nSet them in the environment or in .env (see .env.example).`,
  )
}

function explain({ name, takes, secret }: Setting, text: string, { reason }: Wrong): string {
  const found = secret ? 'is not valid' : `is "${redactUrls(text)}"`
  return `${name} ${found}${reason ? `: ${reason}` : ''}; it takes: ${takes}`
}

/** A sentence for each variable that is no setting but looks like one. Variables of other programs are left alone. */
export function misspelt(env: Record<string, string>): string[] {
  const names = all.map(({ name }) => name)
  return Object.keys(env)
    .filter((found) => !names.includes(found))
    .flatMap((found) => {
      const [meant] = names.filter((name) => looksLike(found.toUpperCase(), name))
      return meant ? [`${found} is not a setting; is ${meant} meant?`] : []
    })
}

/** HOST and PORT are so short that other programs' variables are as close to them as a typing mistake. */
const SHORTEST_MISSPELT = 7

/** Whether a variable begins like a setting and differs by one letter (by two in a longer name), or in the last of three words. */
function looksLike(found: string, name: string): boolean {
  if (name.length < SHORTEST_MISSPELT || found[0] !== name[0]) return false
  const stem = name.split('_').slice(0, -1)
  if (stem.length > 1 && `${found}_`.startsWith(`${stem.join('_')}_`)) return true
  return distance(found, name) <= (name.length > 8 ? 2 : 1)
}

/** Letters to insert, drop, replace or swap with their neighbour to make one word of the other (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number) => rows[i]?.[j] ?? Number.POSITIVE_INFINITY
  for (let i = 1; i <= a.length; i++) {
    rows.push([i])
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const swapped = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const steps = [at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same]
      rows[i]?.push(Math.min(...steps, swapped ? at(i - 2, j - 2) + 1 : Number.POSITIVE_INFINITY))
    }
  }
  return at(a.length, b.length)
}

/** Plain digits only: `Number()` would also read 3e3, 0x10 and 1.0. */
function integer(least: number, most: number) {
  return (text: string): number | Wrong => {
    const value = Number(text)
    return /^[0-9]+$/.test(text) && value >= least && value <= most ? value : new Wrong()
  }
}

const TEN_YEARS = 3_650 * 86_400

/** Seconds. */
function duration(text: string): number | Wrong {
  const [, count, unit = 's'] = /^([0-9]+)([smhd]?)$/.exec(text) ?? []
  if (count === undefined) return new Wrong()
  const seconds = Number(count) * ({ m: 60, h: 3_600, d: 86_400 }[unit] ?? 1)
  return seconds <= TEN_YEARS ? seconds : new Wrong('it is 3650d at most')
}

function rpcUrls(text: string): string[] | Wrong {
  const urls = list(text).map((item) => parseUrl(item, /^(https?|wss?):\/\//i))
  return urls.length === 0 ? new Wrong() : allRight(urls)
}

function databaseUrl(text: string): string | Wrong {
  const [, authority = ''] = /^[^/]*\/\/([^/?#]*)/.exec(text) ?? []
  if (authority.slice(authority.lastIndexOf('@') + 1).includes(','))
    return new Wrong('it names several hosts; Jobcast connects to one')
  return parseUrl(text, /^postgres(ql)?:\/\//i)
}

/**
 * A URL in the form that `URL` gives it. An unescaped / ? or # in a password ends the host too early, and what is left may
 * still be a URL, of another host: an @ after the host tells.
 */
function parseUrl(text: string, scheme: RegExp): string | Wrong {
  if (!scheme.test(text)) return new Wrong()
  const [, afterHost = ''] = /^[^/]*\/\/[^/?#]*(.*)$/s.exec(text) ?? []
  if (/[\s#]/.test(text) || afterHost.includes('@'))
    return new Wrong('in a user name or password, / ? # @ % and a space are %2F %3F %23 %40 %25 and %20')
  if (!URL.canParse(text)) return new Wrong('its host or its port is wrong')
  const url = new URL(text)
  // Clients decode these parts, and would fail at each request.
  const decodable = [url.username, url.password, url.host, url.pathname]
  return decodable.every(isDecodable) ? url.href : new Wrong('a % in it is not followed by two hex digits')
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}

const IP_RANGES = ['loopback', 'linklocal', 'uniquelocal']

function proxies(text: string): boolean | number | string | Wrong {
  if (text === 'true' || text === 'false') return text === 'true'
  if (/^[0-9]+$/.test(text)) return Number(text)
  const wrong = list(text).find((item) => !IP_RANGES.includes(item) && !isRange(item))
  return wrong === undefined ? list(text).join(',') : new Wrong(`"${redactUrls(wrong)}" is no address`)
}

/** An address, or a CIDR range. */
function isRange(text: string): boolean {
  const [address = '', bits, ...more] = text.split('/')
  const version = isIP(address)
  if (version === 0 || more.length > 0) return false
  return bits === undefined || !(integer(1, version === 4 ? 32 : 128)(bits) instanceof Wrong)
}

function apiKeys(text: string): string[] | Wrong {
  const keys = list(text)
  return keys.length > 0 && keys.every((key) => /^\S{8,}$/.test(key)) ? keys : new Wrong()
}

function list(text: string): string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
}

function allRight<T>(values: (T | Wrong)[]): T[] | Wrong {
  const wrong = values.find((value) => value instanceof Wrong)
  return wrong ?? (values as T[])
}
