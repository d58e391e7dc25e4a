import { describe, expect, it } from 'vitest'
import { DEFAULT_IDLE_TIMEOUT } from '../../client/src/subscribe.ts'
import { ConfigError, loadConfig } from '../../src/config.ts'
import { misspellingWarnings } from '../../src/settings/misspelt.ts'

const required = { RPC_URL: 'http://127.0.0.1:1', CONTRACT_ADDRESS: `0x${'Ab'.repeat(20)}` }

/** The message of the ConfigError for an environment. */
function rejection(env: Record<string, string>): string {
  try {
    loadConfig({ ...required, ...env })
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as Error).message
  }
  throw new Error(`${JSON.stringify(env)} was accepted`)
}

describe('a URL that no library can use is refused without its secret', () => {
  it.each([
    ['postgres://user:s3cr#et@db/jobs', /%2F %3F %23/],
    ['postgres://user:s3cr/et@db/jobs', /%2F %3F %23/],
    ['postgres://user:s3cr?et@db/jobs', /%2F %3F %23/],
    ['postgres://user:s3cr et@db/jobs', /%2F %3F %23/],
    // The text before the slash is a valid URL of a host named "user".
    ['postgres://user:12/s3cret@db/jobs', /%2F %3F %23/],
    ['postgres://user:s3cret%zz@db/jobs', /write % itself as %25/],
    ['postgres://user:s3cret@db1:5432,db2:5432/jobs', /several hosts/],
    ['postgres://user:s3cret@db1,db2/jobs', /several hosts/],
    ['postgres://user:s3cret@db:99999/jobs', /host or its port/],
    ['postgres://user:s3cret@d b/jobs', /host or its port/],
    ['postgres://d b/jobs', /host or its port/],
    [
      'postgres://user:s3cret@db/jobs?options=-c search_path=a',
      /not valid: after the host, write a space as %20 and # as %23/,
    ],
    ['postgres://user:s3cret@db/my jobs', /not valid: after the host, write a space as %20 and # as %23/],
    ['postgres://user:s3cret@db/jobs#1', /not valid: after the host, write a space as %20 and # as %23/],
    ['mysql://user:s3cret@db/jobs', /postgres:\/\/ URL/],
  ])('DATABASE_URL=%s', (DATABASE_URL, reason) => {
    const message = rejection({ DATABASE_URL })
    expect(message).toMatch(/^ {2}DATABASE_URL is not valid/m)
    expect(message).toMatch(reason)
    expect(message).not.toMatch(/s3cr|user:|db\//)
  })

  it.each([
    'http://rpc:port/v3/s3cret',
    'https://rpc:99999/v3/s3cret',
    'https://user:s3cr/et@rpc/',
    'https://user:%zzs3cret@rpc/',
    'https://rpc/%zzs3cret',
    'https://good/, wss://rpc:x/s3cret',
    'ftp://rpc/s3cret',
  ])('RPC_URL=%s', (RPC_URL) => {
    const message = rejection({ RPC_URL })
    expect(message).toMatch(/^ {2}RPC_URL is not valid/m)
    expect(message).not.toMatch(/s3cr|user:/)
  })

  it('a URL with everything escaped is accepted', () => {
    const { databaseUrl, rpcUrls } = loadConfig({
      DATABASE_URL: 'postgres://user:a%2Fb%23c%25@db:5433/jobs?search_path=mine&options=-c%20work_mem=4MB',
      RPC_URL: 'https://user:p%40ss@rpc/v3/key?a=b , ws://127.0.0.1:1',
      CONTRACT_ADDRESS: required.CONTRACT_ADDRESS,
    })
    expect(decodeURIComponent(new URL(databaseUrl as string).password)).toBe('a/b#c%')
    expect(rpcUrls).toEqual(['https://user:p%40ss@rpc/v3/key?a=b', 'ws://127.0.0.1:1/'])
  })
})

it('all wrong settings are reported at once', () => {
  const message = rejection({
    RPC_URL: 'http://h:x/',
    CONTRACT_ADDRESS: '',
    DATABASE_URL: 'postgres://u:p#q@h/',
    PORT: '-1',
    TRUST_PROXY: 'x',
    API_KEYS: 'short',
    FEED_RETENTION: '1w',
    LOG_LEVEL: 'loud',
    CONTRACT_ADRESS: '0x',
  })
  const named = message.split('\n').flatMap((line) => /^ {2}([A-Z_]+)/.exec(line)?.[1] ?? [])
  expect(named.sort()).toEqual(
    [
      ...['API_KEYS', 'CONTRACT_ADDRESS', 'CONTRACT_ADRESS', 'DATABASE_URL', 'FEED_RETENTION'],
      ...['LOG_LEVEL', 'PORT', 'RPC_URL', 'TRUST_PROXY'],
    ].sort(),
  )
})

it('MAX_LAG_SECONDS is at least twice POLL_INTERVAL_MS', () => {
  const POLL_INTERVAL_MS = '30000'
  expect(rejection({ POLL_INTERVAL_MS, MAX_LAG_SECONDS: '59' })).toContain(
    '  MAX_LAG_SECONDS is "59": it must be at least 60, twice POLL_INTERVAL_MS (30000 ms)\n',
  )
  expect(loadConfig({ ...required, POLL_INTERVAL_MS, MAX_LAG_SECONDS: '60' }).maxLagSeconds).toBe(60)
})

describe('numbers', () => {
  it.each(['3e3', '0x50', '80.0', '+80', '8 0', 'true'])('%s is not a number', (PORT) => {
    expect(rejection({ PORT })).toContain(`PORT is "${PORT}"`)
  })

  it('are plain digits', () => {
    expect(loadConfig({ ...required, PORT: ' 80 ', START_BLOCK: '012' })).toMatchObject({
      port: 80,
      startBlock: 12,
    })
  })

  it.each([
    ['90', 90],
    ['90s', 90],
    ['30m', 1_800],
    ['2d', 172_800],
    ['0', 0],
  ])('FEED_RETENTION=%s is %i seconds', (FEED_RETENTION, seconds) => {
    expect(loadConfig({ ...required, FEED_RETENTION }).feedRetentionSeconds).toBe(seconds)
  })

  it('a retention that no database can subtract from now is refused', () => {
    expect(rejection({ FEED_RETENTION: '9999999d' })).toContain('3650d at most')
  })
})

describe('KEEPALIVE_SECONDS', () => {
  it('is shorter than the silence after which clients reconnect', () => {
    const seconds = loadConfig({ ...required, KEEPALIVE_SECONDS: '60' }).keepaliveSeconds
    expect(seconds * 1000).toBeLessThan(DEFAULT_IDLE_TIMEOUT)
    for (const value of ['61', '3600']) expect(rejection({ KEEPALIVE_SECONDS: value })).toContain('1 to 60')
  })
})

describe('TRUST_PROXY', () => {
  it.each([
    ['true', true],
    ['false', false],
    ['2', 2],
    ['10.0.0.0/8, ::1,loopback', '10.0.0.0/8,::1,loopback'],
  ])('%s', (TRUST_PROXY, expected) => {
    expect(loadConfig({ ...required, TRUST_PROXY }).trustProxy).toBe(expected)
  })

  it.each(['x', '10.0.0.0/33', '10.0.0.0/', '::1/129', '10.0.0.1,nginx', '-1', ','])(
    '%s is refused',
    (value) => {
      expect(rejection({ TRUST_PROXY: value })).toContain(`TRUST_PROXY is "${value}"`)
    },
  )
})

describe('a misspelt setting', () => {
  it.each([
    ['CONTRACT_ADRESS', 'CONTRACT_ADDRESS'],
    ['RPC_URLS', 'RPC_URL'],
    ['rpc_url', 'RPC_URL'],
    ['MAX_STREAM', 'MAX_STREAMS'],
    ['DATABSE_URL', 'DATABASE_URL'],
    ['API_KEY', 'API_KEYS'],
    ['RCP_URL', 'RPC_URL'],
    ['POLL_INTERVAL', 'POLL_INTERVAL_MS'],
    ['POLL_INTERVAL_SECONDS', 'POLL_INTERVAL_MS'],
    ['FEED_RETENTION_SECONDS', 'FEED_RETENTION'],
    ['KEEPALIVE', 'KEEPALIVE_SECONDS'],
    ['KEEPALIVE_MS', 'KEEPALIVE_SECONDS'],
    ['KEEPALIVE_INTERVAL', 'KEEPALIVE_SECONDS'],
    ['STALL', 'STALL_SECONDS'],
    ['STALL_TIMEOUT_MS', 'STALL_SECONDS'],
    ['MAX_LAG', 'MAX_LAG_SECONDS'],
    ['CONTRACT_ADDR', 'CONTRACT_ADDRESS'],
    ['CONTRACT_ABI', 'CONTRACT'],
    ['DATABASE_POOL', 'DATABASE_CONNECTIONS'],
    ['DATABASE_POOL_SIZE', 'DATABASE_CONNECTIONS'],
    ['RATE_LIMIT_PER_MINUTE', 'RATE_LIMIT'],
    ['MAX_STREAMS_PER_CLIENT', 'MAX_STREAMS_PER_IP'],
    ['MAX_STREAMS_TOTAL', 'MAX_STREAMS'],
  ])('%s is reported as a misspelt %s', (found, meant) => {
    const [line, ...more] = misspellingWarnings({ ...required, [found]: 'x' })
    expect(more).toEqual([])
    expect(line).toContain(`${found} is not a setting`)
    expect(line).toContain(`did you mean ${meant}?`)
  })

  it('is not a variable of another program', () => {
    const others = [
      ...['PATH', 'HOME', 'HOSTNAME', 'HOSTS', 'PORTS', 'POST', 'USER', 'TERM', 'NODE_ENV', 'NODE_OPTIONS'],
      ...['DATABASE', 'DATABASE_HOST', 'DATABASE_URL_UNPOOLED', 'DB_URL', 'REDIS_URL', 'GRPC_URL', 'DATA'],
      ...['JOBCAST_PORT', 'JOBCAST_SERVICE_HOST', 'LOG_FORMAT', 'API_URL', 'PGHOST', 'KUBERNETES_PORT'],
      ...['PORTAL', 'CONTRACTOR', 'API_TOKEN', 'HOST_IP', 'PORT_RANGE', 'STALLED', 'MAX', 'LOG', 'DATADOG'],
      ...['DATABASE_NAME', 'DATABASE_PASSWORD', 'RPC_PORT', 'START_TIME', 'RATE', 'TRUST_STORE', 'MAX_OLD'],
    ]
    expect(
      misspellingWarnings({ ...required, ...Object.fromEntries(others.map((name) => [name, 'x'])) }),
    ).toEqual([])
  })
})
