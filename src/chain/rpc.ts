import {
  BaseError,
  type EIP1193RequestFn,
  fallback,
  type Hex,
  HttpRequestError,
  http,
  type RpcBlock,
  type RpcLog,
  type Transport,
  webSocket,
} from 'viem'
import {
  CannotIndexError,
  type Header,
  type Identity,
  NoStateError,
  RangeRefusedError,
  type Source,
} from './source.ts'

/** How long one request may take before the next endpoint, or a smaller range, is tried. */
const TIMEOUT_MS = 10_000

/** How long an announced head may stand for the answer to "what is the head?". */
const ANNOUNCED_MS = 500

/**
 * Calls in one POST. A range's three travel together: as many as public endpoints that bound batches allow, and the ranges that
 * are asked for in one tick are not torn apart.
 */
const BATCH_SIZE = 3

/** Called after each request to an endpoint, for the metrics. */
export type OnRequest = (method: string, seconds: number, error?: unknown) => void

interface Endpoint {
  url: string
  transport: Transport
  /** false until the endpoint said it is on the expected chain */
  trusted: boolean
}

/**
 * The chain behind one or several JSON-RPC URLs, http(s) or ws(s), tried in order for each request, so that the
 * first is used again as soon as it recovers. An endpoint is asked which chain it is on before its first answer is used.
 * Raw JSON-RPC: decoding to viem's types would cost more than all the rest of a first sync.
 */
export function createRpcSource(
  urls: string[],
  filter: { address: Hex; topic: Hex },
  onRequest: OnRequest = () => {},
): Source {
  let expected: Identity | null = null
  let knowsFinalized = false
  const connections = new Set<Connection>()
  const endpoints = urls.map((url): Endpoint => {
    const endpoint: Endpoint = { url, trusted: false, transport: openTransport(url, connections) }
    const plain = endpoint.transport
    endpoint.transport = ((options) => {
      const opened = plain(options)
      const request = (async (args, requestOptions) => {
        if (!endpoint.trusted && expected !== null) {
          assertIdentity(url, await identityOf(opened.request), expected)
          endpoint.trusted = true
        }
        return measured(args as { method: string }, () => opened.request(args, requestOptions))
      }) as EIP1193RequestFn
      return { ...opened, request }
    }) as Transport
    return endpoint
  })

  async function measured<T>(args: { method: string }, run: () => Promise<T>): Promise<T> {
    const start = performance.now()
    try {
      const result = await run()
      onRequest(args.method, (performance.now() - start) / 1000)
      return result
    } catch (error) {
      onRequest(args.method, (performance.now() - start) / 1000, error)
      throw error
    }
  }

  let announced: { header: Header; at: number } | undefined
  const each = endpoints.map((endpoint) => endpoint.transport({ retryCount: 0 }))
  const sockets = each
    .filter((_, i) => urls[i]?.startsWith('ws'))
    .map((opened) => opened.value as unknown as SocketValue)
  const any = fallback(
    endpoints.map((endpoint) => endpoint.transport),
    { retryCount: 0, shouldThrow: (error) => wrongChain(error) !== undefined },
  )({ timeout: TIMEOUT_MS })

  const request = (method: string, params: unknown[]): Promise<unknown> =>
    any.request({ method, params } as never).catch((error) => {
      throw wrongChain(error) ?? error
    })

  async function header(block: Hex | 'latest' | 'finalized'): Promise<Header | null> {
    return toHeader((await request('eth_getBlockByNumber', [block, false])) as RpcBlock | null)
  }

  return {
    async identify(wanted) {
      expected = wanted
      for (const endpoint of endpoints) endpoint.trusted = false
      let found: Identity | undefined
      let failure: unknown
      for (const [i, endpoint] of endpoints.entries()) {
        const transport = each[i] as (typeof each)[number]
        try {
          const identity = await identityOf(transport.request)
          expected ??= identity
          assertIdentity(endpoint.url, identity, expected)
          endpoint.trusted = true
          found ??= identity
        } catch (error) {
          if (error instanceof CannotIndexError) throw error
          failure = error
        }
      }
      if (!found) throw failure
      return found
    },
    async head() {
      // Asking for what was announced just now would cost a job its way there and back.
      const fresh = announced && performance.now() - announced.at < ANNOUNCED_MS ? announced.header : null
      announced = undefined
      if (fresh) return fresh
      const latest = await header('latest')
      if (!latest) throw new Error('the RPC has no latest block')
      return latest
    },
    async finalized() {
      try {
        const found = await header('finalized')
        knowsFinalized = true
        return found?.number ?? null
      } catch (error) {
        // Chains without the tag answer an error of their own wording, and so does a node that is busy.
        if (isRpcError(error) && !knowsFinalized && !isRateLimit(error)) return null
        throw error
      }
    },
    header: (number) => header(hex(number)),
    async range(from, to) {
      const ends = Promise.all([header(hex(from)), header(hex(to))])
      // What becomes of the logs decides: an answer too large for its POST fails all three.
      ends.catch(() => {})
      const logs = await request('eth_getLogs', [
        { address: filter.address, topics: [filter.topic], fromBlock: hex(from), toBlock: hex(to) },
      ]).catch((error) => {
        throw maySucceedSmaller(error) ? new RangeRefusedError(describe(error), { cause: error }) : error
      })
      const [first, last] = await ends
      return { first, last, logs: logs as RpcLog[] }
    },
    async logs(blockHash) {
      const wanted = { address: filter.address, topics: [filter.topic], blockHash }
      return (await request('eth_getLogs', [wanted])) as RpcLog[]
    },
    async allLogs(blockHash, attempt) {
      const transport = each[attempt % each.length] as (typeof each)[number]
      return (await transport.request({
        method: 'eth_getLogs',
        params: [{ blockHash }],
      } as never)) as RpcLog[]
    },
    async hasCode(block) {
      const tag = block === 'latest' ? block : hex(block)
      try {
        return ((await request('eth_getCode', [filter.address, tag])) as string).length > 2
      } catch (error) {
        throw isRpcError(error) && !isRateLimit(error) && block !== 'latest'
          ? new NoStateError(describe(error), { cause: error })
          : error
      }
    },
    watch(onHead) {
      const stops = sockets.map((socket) =>
        watchHeads(socket, (header) => {
          // Only the endpoint that is asked first may answer for it, once it said which chain it is on.
          const first = endpoints[0] as Endpoint
          const firstSocket = each[0]?.value as unknown as SocketValue | undefined
          if (header && first.trusted && socket === firstSocket) announced = { header, at: performance.now() }
          onHead()
        }),
      )
      return () => {
        for (const stop of stops) stop()
      }
    },
    async close() {
      for (const connection of connections) connection.close()
    },
  }
}

function openTransport(url: string, connections: Set<Connection>): Transport {
  // One POST for what is asked in one tick, so that a load balancer sends it to one node.
  if (url.startsWith('http')) return http(url, { batch: { batchSize: BATCH_SIZE }, timeout: TIMEOUT_MS })
  // viem gives up reconnecting after some attempts; closing on failure makes the next request open a new socket.
  const plain = webSocket(url, { reconnect: false, timeout: TIMEOUT_MS })
  return ((options) => {
    const opened = plain(options)
    const request = (async (args, requestOptions) => {
      const client = await connected(opened.value as unknown as SocketValue)
      connections.add(client)
      try {
        return await opened.request(args, requestOptions)
      } catch (error) {
        if (!isRpcError(error)) {
          connections.delete(client)
          client.close()
        }
        throw error
      }
    }) as EIP1193RequestFn
    return { ...opened, request }
  }) as Transport
}

/** An open WebSocket, as viem hands it out. */
interface Connection {
  close(): void
}

interface SocketValue {
  getRpcClient(): Promise<Connection>
  subscribe(options: {
    params: ['newHeads']
    onData(data: { result: RpcBlock }): void
    onError(error: unknown): void
  }): Promise<{ unsubscribe(): Promise<unknown> }>
}

/** viem bounds the answer of a WebSocket request, not the time to connect. */
function connected({ getRpcClient }: SocketValue): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the WebSocket did not connect in time')), TIMEOUT_MS)
    getRpcClient()
      .then(resolve, (event) =>
        reject(event instanceof Error ? event : new Error('the WebSocket did not connect')),
      )
      .finally(() => clearTimeout(timer))
  })
}

/** An endpoint's refusal by {@link assertIdentity}, which viem wraps on its way. */
function wrongChain(error: unknown): unknown {
  if (error instanceof CannotIndexError) return error
  return error instanceof BaseError
    ? (error.walk((cause) => cause instanceof CannotIndexError) ?? undefined)
    : undefined
}

/** An answer of the node, as opposed to no answer: viem gives every other failure no code, or -1. */
function isRpcError(error: unknown): boolean {
  return error instanceof BaseError && 'code' in error && error.code !== -1
}

/** Subscribes to new heads and, whenever that ends, subscribes again. */
function watchHeads({ subscribe }: SocketValue, onHead: (header: Header | null) => void): () => void {
  let stopped = false
  let timer: NodeJS.Timeout | undefined
  let end = () => {}
  const again = () => {
    if (stopped) return
    clearTimeout(timer)
    timer = setTimeout(start, 2_000)
    timer.unref()
  }
  const start = () => {
    const onData = ({ result }: { result: RpcBlock }) => onHead(announcedHeader(result))
    subscribe({ params: ['newHeads'], onData, onError: again }).then(({ unsubscribe }) => {
      end = () => void unsubscribe().catch(() => {})
      if (stopped) end()
    }, again)
  }
  start()
  return () => {
    stopped = true
    clearTimeout(timer)
    end()
  }
}

/** Nobody waits for an announcement's failure: one that is no header only wakes. */
function announcedHeader(result: RpcBlock): Header | null {
  try {
    return toHeader(result)
  } catch {
    return null
  }
}

async function identityOf(request: EIP1193RequestFn): Promise<Identity> {
  const [chainId, genesis] = (await Promise.all([
    request({ method: 'eth_chainId' } as never),
    request({ method: 'eth_getBlockByNumber', params: ['0x0', false] } as never),
  ])) as [Hex, RpcBlock | null]
  if (!genesis?.hash) throw new Error('the RPC has no genesis block to tell its chain by')
  return { chainId: Number(chainId), genesisHash: genesis.hash }
}

function assertIdentity(url: string, found: Identity, expected: Identity): void {
  if (found.chainId === expected.chainId && found.genesisHash === expected.genesisHash) return
  const other =
    found.chainId === expected.chainId
      ? `another chain of the same id ${found.chainId} (genesis ${found.genesisHash}, expected ${expected.genesisHash}): a devnet that was restarted?`
      : `chain ${found.chainId}, expected ${expected.chainId}`
  throw new CannotIndexError(
    `${hostOf(url)} is on ${other}. Nothing was written. Point RPC_URL at the right chain, or forget the indexed one with \`jobcast reset\`.`,
  )
}

/**
 * Whether fewer blocks may help: "range too large" has a wording and a code of its own at every provider, and comes as a
 * timeout, as a body over viem's 10 MiB or as a gateway's 5xx as well. Being told to slow down, or no
 * connection at all, is another matter.
 */
function maySucceedSmaller(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false
  if (isRateLimit(error)) return false
  const http = error.walk((e) => e instanceof HttpRequestError) as HttpRequestError | null
  if (http) return http.status !== undefined && (http.status >= 500 || [400, 408, 413].includes(http.status))
  // UnknownRpcError is what viem makes of one error that answers a whole batch.
  return (
    isRpcError(error) || ['TimeoutError', 'ResponseBodyTooLargeError', 'UnknownRpcError'].includes(error.name)
  )
}

function isRateLimit(error: unknown): boolean {
  return /too many requests|rate.?limit|per second|compute units/i.test(String(error))
}

function toHeader(block: RpcBlock | null): Header | null {
  if (!block?.hash || block.number === null) return null
  return {
    number: Number(block.number),
    hash: block.hash,
    parentHash: block.parentHash,
    timestamp: BigInt(block.timestamp).toString(),
    logsBloom: block.logsBloom ?? '0x',
  }
}

function hex(number: number): Hex {
  return `0x${number.toString(16)}`
}

/** Scheme and host of an RPC URL: the rest often carries a key. */
export function hostOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** Seconds an endpoint asks to be left alone (HTTP 429 or 503 with Retry-After), at most a minute. */
export function retryAfterSeconds(error: unknown): number | undefined {
  const cause = error instanceof BaseError ? error.walk((e) => e instanceof HttpRequestError) : undefined
  const after = Number((cause as HttpRequestError | undefined)?.headers?.get('retry-after'))
  return after > 0 ? Math.min(after, 60) : undefined
}

/** One line about an RPC failure that holds no URL: viem's message does, and URLs carry keys. */
export function describe(error: unknown): string {
  if (!(error instanceof BaseError)) return error instanceof Error ? error.message : String(error)
  const { url } = (error.walk((cause) => 'url' in (cause as object)) ?? {}) as { url?: string }
  const text = `${url ? `${url}: ` : ''}${error.shortMessage}${error.details ? ` (${error.details})` : ''}`
  return text.replace(/(https?|wss?):\/\/[^\s,)]+/g, (found) => {
    try {
      return hostOf(found.replace(/:$/, ''))
    } catch {
      return '<url>'
    }
  })
}
