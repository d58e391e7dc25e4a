/** Pseudo-random numbers from a seed (mulberry32). */
export function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** The largest integers of a double and of a uint256, and the next ones. */
const EDGES = [2n ** 53n, 2n ** 63n, 2n ** 256n - 1n, 2n ** 256n, 10n ** 78n - 1n].map(String)

export interface FuzzRequest {
  method: string
  /** as it goes onto the wire, one character a byte */
  text: string
  /** may be incomplete: the server would wait for seconds, so the client closes the connection without an answer */
  unfinished: boolean
}

/** One random request: mostly near to what the server knows, sometimes far from HTTP. */
export function randomRequest(random: () => number): FuzzRequest {
  const below = (n: number) => Math.floor(random() * n)
  const pick = <T>(values: readonly T[]) => values[below(values.length)] as T
  const chance = (p: number) => random() < p
  const bytes = (n: number) =>
    Array.from({ length: below(n) }, () => String.fromCharCode(below(256))).join('')
  const digits = (n: number) => Array.from({ length: 1 + below(n) }, () => below(10)).join('')

  const value = (): string =>
    pick([
      () => digits(3),
      () => digits(20),
      () => digits(90),
      () => pick(EDGES),
      () => `-${digits(5)}`,
      () => `${digits(10)}.${digits(8)}`,
      () =>
        pick([
          '',
          ' ',
          'null',
          'undefined',
          'NaN',
          'true',
          '[]',
          '{}',
          '%00',
          '%',
          '%zz',
          '%ff',
          '*',
          '%2C',
          "'--",
          '..',
        ]),
      () =>
        pick([
          'PROGRAM',
          'RUBRIC,HYBRID',
          'UNKNOWN_9',
          'FUNDED,OPEN',
          'job_*',
          'job_created',
          '*',
          'OPEN',
          'asc',
          'desc',
          'a-b',
        ]),
      () => encodeURIComponent(bytes(12)),
      () => bytes(12).replace(/[\s#]/g, '_'),
      () => '1,'.repeat(below(300)),
      () => 'x'.repeat(below(4_000)),
    ])()
  const name = () =>
    pick([
      ...[
        'clientId',
        'providerId',
        'participant',
        'strategyType',
        'verificationLevel',
        'minBudget',
        'maxBudget',
        'types',
        'filter',
        'api_key',
      ],
      ...[
        'lastEventId',
        'last_event_id',
        'status',
        'fromBlock',
        'toBlock',
        'order',
        'page',
        'limit',
        'cursor',
      ],
      ...['__proto__', 'constructor', 'toString', 'a[b]', '', value()],
    ])
  const query = () =>
    chance(0.7)
      ? `?${Array.from({ length: below(5) }, () => `${name()}=${value()}`).join(pick(['&', '&', '&', ';', '&&']))}`
      : ''
  const path = () =>
    pick([
      ...['/api/v1/events', '/api/v1/events', '/api/v1/jobs', '/api/v1/jobs', `/api/v1/jobs/${value()}`],
      ...['/api/v1/config', '/api/v1/stats', '/health', '/ready', '/metrics', '/openapi.json', '/docs', '/'],
      ...[
        '/docs/static/../../package.json',
        '/page/../../../etc/passwd',
        '/page/%2e%2e/%2e%2e/main.ts',
        '/%61pi/v1/jobs',
      ],
      ...[
        `/${value()}`,
        `//${value()}`,
        '/api/v1/events/',
        '/API/V1/EVENTS',
        '*',
        'http://x/api/v1/jobs',
        'x:y',
        '',
      ],
    ])
  const header = () =>
    pick([
      () => `Last-Event-ID: ${value()}`,
      () => `Accept: ${pick(['text/event-stream', '*/*', 'application/json;q=0', value()])}`,
      () => `Accept-Encoding: ${pick(['gzip', 'br', 'identity;q=0', '*;q=0', value()])}`,
      () => `Origin: ${value()}`,
      () => `Authorization: ${pick(['Bearer ', 'Basic ', ''])}${value()}`,
      () => `X-Api-Key: ${value()}`,
      () => `X-Forwarded-For: ${value()}`,
      () => `If-None-Match: ${value()}`,
      () => `Range: bytes=${value()}`,
      () => `Cookie: ${value()}`,
      () => `Connection: ${pick(['close', 'keep-alive', 'upgrade', 'te', value()])}`,
      () => `Upgrade: ${pick(['websocket', 'h2c', value()])}`,
      () => `Expect: ${pick(['100-continue', value()])}`,
      () => `Access-Control-Request-Method: ${value()}`,
      () => `${bytes(8).replace(/[\r\n]/g, '')}: ${bytes(20).replace(/[\r\n]/g, '')}`,
      () => `X-Long: ${'y'.repeat(below(20_000))}`,
    ])()
  const body = (): [headers: string[], text: string] =>
    pick<() => [string[], string]>([
      () => [[], ''],
      () => [['Content-Length: 5'], 'hello'],
      () => [['Content-Type: application/json', 'Content-Length: 2'], '{}'],
      () => [['Content-Type: application/json', 'Content-Length: 9'], '{"a":bad}'],
      () => [['Content-Length: 3000'], 'z'.repeat(3_000)],
      () => [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
      () => [['Transfer-Encoding: chunked'], 'ZZ\r\nnot a chunk'],
      () => [['Content-Length: -1'], ''],
      () => [['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
      () => [['Content-Length: 5', 'Content-Length: 6'], 'hello'],
    ])()

  if (chance(0.05)) return { method: 'GET', text: `${bytes(400)}\r\n\r\n`, unfinished: true }
  const method = chance(0.7)
    ? 'GET'
    : pick([
        'HEAD',
        'OPTIONS',
        'POST',
        'PUT',
        'DELETE',
        'PATCH',
        'TRACE',
        'CONNECT',
        'PRI',
        'QUERY',
        'get',
        'G\u00cbT',
      ])
  const [bodyHeaders, bodyText] = chance(0.2) ? body() : [[], '']
  const lines = [
    `${method} ${path()}${query()} HTTP/${chance(0.9) ? '1.1' : pick(['1.0', '1.0', '0.9', '2.0', '9'])}`,
    ...(chance(0.95) ? ['Host: x'] : []),
    ...Array.from({ length: below(4) }, header),
    ...bodyHeaders,
  ]
  let text = `${lines.join(pick(['\r\n', '\r\n', '\r\n', '\r\n', '\n']))}\r\n\r\n${bodyText}`
  let unfinished =
    /content-length|transfer-encoding|expect|upgrade/i.test(text) || method === 'CONNECT' || method === 'PRI'
  if (chance(0.1)) {
    const at = below(text.length)
    text = text.slice(0, at) + String.fromCharCode(below(256)) + text.slice(at + 1)
    unfinished = true
  }
  if (chance(0.05)) {
    text = text.slice(0, below(text.length))
    unfinished = true
  }
  return { method, text, unfinished }
}
