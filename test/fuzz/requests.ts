import type { Random } from '../helpers/random.ts'

export interface FuzzRequest {
  method: string
  /** the bytes that are sent, as latin1: one character per byte */
  text: string
  /**
   * true if the request may be incomplete: the server would wait for seconds, so the client does not wait
   * for it
   */
  unfinished: boolean
}

/** Integers at the limits of a double, of Postgres' bigint, of a uint256 and of 78 digits. */
const EDGES = [2n ** 53n, 2n ** 63n, 2n ** 256n - 1n, 2n ** 256n, 10n ** 78n - 1n].map(String)
const words = (text: string) => text.split(' ')
const ODD_VALUES = ['', ' ', ...words("null undefined NaN true [] {} %00 % %zz %ff * %2C '-- ..")]
const KNOWN_VALUES = words(
  'PROGRAM RUBRIC,HYBRID UNKNOWN_9 FUNDED,OPEN job_* job_created * OPEN asc desc a-b',
)
const NAMES = [
  ...words('clientId providerId participant strategyType verificationLevel minBudget maxBudget types filter'),
  ...words('api_key lastEventId last_event_id status fromBlock toBlock order page limit cursor'),
  ...['', ...words('__proto__ constructor toString a[b]')],
]
const PATHS = [
  ...words('/api/v1/events /api/v1/events /api/v1/jobs /api/v1/jobs /api/v1/config /api/v1/stats'),
  ...words('/health /ready /metrics /openapi.json /docs / /api/v1/events/ /API/V1/EVENTS /%61pi/v1/jobs'),
  ...words('/docs/static/../../package.json /page/../../../etc/passwd /page/%2e%2e/%2e%2e/main.ts'),
  ...['', ...words('* http://x/api/v1/jobs x:y')],
]
const METHODS = words('HEAD OPTIONS POST PUT DELETE PATCH TRACE CONNECT PRI QUERY get G\u00cbT')
const BODIES: [headers: string[], text: string][] = [
  [[], ''],
  [['Content-Length: 5'], 'hello'],
  [['Content-Type: application/json', 'Content-Length: 2'], '{}'],
  [['Content-Type: application/json', 'Content-Length: 9'], '{"a":bad}'],
  [['Content-Length: 3000'], 'z'.repeat(3_000)],
  [['Transfer-Encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  [['Transfer-Encoding: chunked'], 'ZZ\r\nnot a chunk'],
  [['Content-Length: -1'], ''],
  [['Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'],
  [['Content-Length: 5', 'Content-Length: 6'], 'hello'],
]

/** Makes one random request. Most are close to what the server knows, some are hardly HTTP. */
export function randomRequest({ below, chance, pick }: Random): FuzzRequest {
  const byte = () => String.fromCharCode(below(256))
  const bytes = (n: number) => Array.from({ length: below(n) }, byte).join('')
  const digits = (n: number) => Array.from({ length: 1 + below(n) }, () => below(10)).join('')

  const value = (): string =>
    pick([
      () => digits(3),
      () => digits(20),
      () => digits(90),
      () => pick(EDGES),
      () => `-${digits(5)}`,
      () => `${digits(10)}.${digits(8)}`,
      () => pick(ODD_VALUES),
      () => pick(KNOWN_VALUES),
      () => encodeURIComponent(bytes(12)),
      () => bytes(12).replace(/[\s#]/g, '_'),
      () => '1,'.repeat(below(300)),
      () => 'x'.repeat(below(4_000)),
    ])()
  const parameter = () => `${pick([...NAMES, value()])}=${value()}`
  const query = () =>
    chance(0.7)
      ? `?${Array.from({ length: below(5) }, parameter).join(pick(['&', '&', '&', ';', '&&']))}`
      : ''
  const path = () => pick([...PATHS, `/api/v1/jobs/${value()}`, `/${value()}`, `//${value()}`])
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

  if (chance(0.05)) return { method: 'GET', text: `${bytes(400)}\r\n\r\n`, unfinished: true }
  const method = chance(0.7) ? 'GET' : pick(METHODS)
  const [bodyHeaders, body] = chance(0.2) ? pick(BODIES) : [[], '']
  const lines = [
    `${method} ${path()}${query()} HTTP/${chance(0.9) ? '1.1' : pick(['1.0', '1.0', '0.9', '2.0', '9'])}`,
    ...(chance(0.95) ? ['Host: x'] : []),
    ...Array.from({ length: below(4) }, header),
    ...bodyHeaders,
  ]
  let text = `${lines.join(pick(['\r\n', '\r\n', '\r\n', '\r\n', '\n']))}\r\n\r\n${body}`
  let unfinished =
    /content-length|transfer-encoding|expect|upgrade/i.test(text) || method === 'CONNECT' || method === 'PRI'
  if (chance(0.1)) {
    const at = below(text.length)
    text = text.slice(0, at) + byte() + text.slice(at + 1)
    unfinished = true
  }
  if (chance(0.05)) {
    text = text.slice(0, below(text.length))
    unfinished = true
  }
  return { method, text, unfinished }
}
