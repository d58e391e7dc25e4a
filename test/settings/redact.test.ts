import { describe, expect, it } from 'vitest'
import { redactor, secretsOf } from '../../src/observe/secrets.ts'
import { startProcess } from '../helpers/process.ts'

describe('URLs keep only their scheme and host', () => {
  it.each([
    ['at https://rpc.example.org/v3/KEY?a=KEY#KEY: failed', 'at https://rpc.example.org/[redacted]: failed'],
    ['(wss://user:KEY@rpc:8546)', '(wss://rpc:8546/[redacted])'],
    ["input: 'postgres://u:KEY@[::1]:5432/db',", "input: 'postgres://[::1]:5432/[redacted]',"],
    // In a password that is not escaped, the start of the host is ambiguous.
    ['postgres://u:K/EY@db/jobs', 'postgres://[redacted]'],
    ['postgres://u:K#EY@db/jobs', 'postgres://[redacted]'],
    ['postgres://u:K@E/Y@db/jobs', 'postgres://[redacted]'],
    ['https://rpc.example.org/v2/eth', 'https://rpc.example.org/[redacted]'],
    ['listens on http://127.0.0.1:3000', 'listens on http://127.0.0.1:3000'],
    ['listens on http://127.0.0.1:3000/.', 'listens on http://127.0.0.1:3000/.'],
    ['at file:///app/src/main.ts:1:2', 'at file:///app/src/main.ts:1:2'],
    ['in "/api/v1/jobs?api_key=KEY&page=2"', 'in "/api/v1/jobs?api_key=[redacted]&page=2"'],
  ])('%s', (text, expected) => {
    expect(redactor([])(text)).toBe(expected)
    const line = JSON.stringify({ msg: text, more: 1 })
    expect(JSON.parse(redactor([])(line))).toEqual({ msg: expected, more: 1 })
  })

  // A regular expression that tries each length at each place would take minutes.
  it.each([
    ['a long word before it', `://x ${'a.'.repeat(400_000)}`, undefined],
    ['a long word as its scheme', `${'a.'.repeat(400_000)}://u:KEY@h/`, /:\/\/h\/\[redacted\]$/],
    ['much punctuation in it', `http://${'.'.repeat(400_000)}x`, undefined],
    ['much punctuation after it', `http://h/KEY${'.'.repeat(400_000)}`, /^http:\/\/h\/\[redacted\]\.+$/],
    ['many places where its host may end', `http://${'@/'.repeat(400_000)}`, /^http:\/\/\[redacted\]$/],
  ])('in a text with %s', (_name, text, expected) => {
    const found = redactor([])(text)
    if (expected) expect(expected.test(found)).toBe(true)
    else expect(found === text).toBe(true)
  })
})

describe('secrets of a configuration', () => {
  const config = { rpcUrls: [] as string[], databaseUrl: undefined, apiKeys: [] as string[] }

  it('are found outside of URLs, in every form', () => {
    const redact = redactor(
      secretsOf({
        rpcUrls: ['https://user:p%40ss%22word@rpc.example.org/v3/0123456789abcdef?key=query-key'],
        databaseUrl: 'postgres://jobcast:data%20base%21@db/jobs',
        apiKeys: ['a-key-of-a-client'],
      }),
    )
    const texts = [
      ...['p%40ss%22word', 'p@ss"word', '0123456789abcdef', 'query-key', 'data base!', 'data%20base!'],
      ...['a-key-of-a-client', btoa('user:p@ss"word')],
    ]
    for (const text of texts) {
      expect(redact(`bad key ${text} given`)).toBe('bad key [redacted] given')
      expect(JSON.parse(redact(JSON.stringify({ msg: `key ${text}` })))).toEqual({ msg: 'key [redacted]' })
    }
  })

  it.each([
    ['http://us:p%E2%82%ACss@rpc', 'us:p€ss'],
    ['http://:long%20password@rpc', ':long password'],
  ])('hold the credentials as they are sent to %s', (url, credentials) => {
    const sent = Buffer.from(credentials).toString('base64')
    expect(secretsOf({ ...config, rpcUrls: [url] })).toContain(sent)
  })

  it.each(['p', '1', 'level', 'time', 'blockNumber', '12345678'])(
    'one like "%s" leaves other texts unchanged',
    (word) => {
      const databaseUrl = `postgres://jobcast:${word}@db/jobs`
      const rpcUrls = [`https://${word}:${word}@rpc/${word}?key=${word}`]
      const redact = redactor(secretsOf({ ...config, rpcUrls, databaseUrl }))
      const line = JSON.stringify({ level: 'info', time: '1', blockNumber: 12345678, msg: 'upgraded' })
      expect(redact(line)).toBe(line)
      expect(redact(`no answer from ${databaseUrl} and ${rpcUrls[0]}`)).toBe(
        'no answer from postgres://db/[redacted] and https://rpc/[redacted]',
      )
    },
  )

  it('are redacted as a whole if one begins with another', () => {
    expect(redactor(['short', 'short-and-long'])('a short-and-long b short c')).toBe(
      'a [redacted] b [redacted] c',
    )
  })
})

it('a process whose secrets are words of its log writes whole lines', async () => {
  const child = await startProcess({
    env: {
      RPC_URL: 'http://level:time@127.0.0.1:1/msg?key=1',
      CONTRACT_ADDRESS: `0x${'12'.repeat(20)}`,
      DATABASE_URL: 'postgres://p:level@127.0.0.1:1/e',
      LOG_LEVEL: 'trace',
    },
  })
  try {
    await child.waitForLog(/the database does not answer/)
    await child.waitForLog(/listens on/)
    for (const line of child.logs)
      expect(line).toMatchObject({ level: expect.any(String), time: expect.any(String) })
    expect(JSON.stringify(child.logs)).not.toContain('redacted]')
  } finally {
    await child.stop()
  }
})
