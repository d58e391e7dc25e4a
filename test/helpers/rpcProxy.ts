import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

/** A fault of one call. `{}` changes nothing. */
export interface Fault {
  /** Delays the call. If Infinity, it is never answered and the connection stays open. */
  delayMs?: number
  /** Closes the connection without an answer. If the fault is for a notification, only that is dropped. */
  drop?: boolean
  /** Answers the whole HTTP request with this status. A WebSocket, which has no status, is closed. */
  status?: number
  headers?: Record<string, string>
  body?: string
  /** Answers this call with a JSON-RPC error. Other calls of its batch are forwarded. */
  error?: { code: number; message: string; data?: unknown }
  /** Changes the result of this call, or of a notification. */
  mutate?(result: unknown): unknown
}

/** Returns the fault of a call. It runs once for each call of a batch; `body` is the whole request. */
export type FaultRule = (method: string, params: unknown[], body: unknown) => Fault | undefined

/** A JSON-RPC proxy (HTTP and WebSocket on one port). A test switches its faults at run time. */
export interface RpcProxy {
  url: string
  wsUrl: string
  port: number
  /**
   * The present rule; if undefined, every call is forwarded. Notifications have the
   * method `eth_subscription`.
   */
  fault: FaultRule | undefined
  /** Number of faults injected so far. Each call of a batch counts. */
  injected: number
  /** The HTTP URL of the node. It can be changed to another chain. Open WebSockets stay with the old one. */
  target: string
  /** Returns the number of received calls of a method, including those with a fault. */
  count(method: string): number
  /** Received HTTP requests; a batch counts once. */
  requests: number
  openSockets(): number
  /** `refuse`: stops listening and cuts open connections. `hang`: accepts requests and never answers. */
  down(how: 'refuse' | 'hang'): Promise<void>
  up(): Promise<void>
  /** Cuts every open connection, WebSockets included. New ones are accepted. */
  cut(): void
  stop(): Promise<void>
}

interface Call {
  jsonrpc: '2.0'
  id?: number | string
  method: string
  params?: unknown[]
}

interface Notification {
  method: string
  params: { subscription: string; result: unknown }
}

interface Answer {
  jsonrpc: '2.0'
  id: number | string | null
  result?: unknown
  error?: Fault['error']
}

export async function startRpcProxy(target: string): Promise<RpcProxy> {
  const upgrades = new WebSocketServer({ noServer: true })
  const sockets = new Set<Socket>()
  const timers = new Set<NodeJS.Timeout>()
  const counts = new Map<string, number>()
  /** Functions that close requests received during a hang. */
  const unanswered = new Set<() => void>()
  /**
   * Functions that close WebSockets. They are closed after a hang, because clients cannot know that they
   * missed messages.
   */
  const bridges = new Set<() => void>()
  let hanging = false

  const server = createServer((request, response) => {
    serve(request, response).catch(() => response.destroy())
  })
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
  })
  server.on('upgrade', (request, socket, head) => {
    if (hanging) return void unanswered.add(() => socket.destroy())
    upgrades.handleUpgrade(request, socket, head, bridge)
  })
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject)
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject)
        resolve()
      })
    })
  await listen(0)
  const { port } = server.address() as AddressInfo

  const proxy: RpcProxy = {
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}`,
    port,
    fault: undefined,
    injected: 0,
    target,
    count: (method) => counts.get(method) ?? 0,
    requests: 0,
    openSockets: () => sockets.size,
    async down(how) {
      hanging = how === 'hang'
      if (how === 'refuse') await close()
    },
    async up() {
      if (hanging) for (const end of [...unanswered, ...bridges]) end()
      unanswered.clear()
      hanging = false
      if (!server.listening) await listen(port)
    },
    cut() {
      for (const socket of sockets) socket.destroy()
    },
    async stop() {
      for (const timer of timers) clearTimeout(timer)
      await close()
    },
  }
  return proxy

  async function close(): Promise<void> {
    const closed = new Promise((resolve) => server.close(resolve))
    proxy.cut()
    await closed
  }

  function faultOf(method: string, params: unknown[], body: unknown): Fault | undefined {
    const fault = proxy.fault?.(method, params, body)
    if (fault) proxy.injected++
    return fault
  }

  /** Never resolves for Infinity; cut() or stop() then ends the connection. */
  function delay(ms: number): Promise<void> {
    return new Promise((resolve) => {
      if (ms === Number.POSITIVE_INFINITY) return
      const timer = setTimeout(() => {
        timers.delete(timer)
        resolve()
      }, ms)
      timers.add(timer)
    })
  }

  /** Counts the calls of a request, finds their faults, and waits for the longest delay among these. */
  async function receive(body: Call | Call[]): Promise<{ calls: Call[]; faults: (Fault | undefined)[] }> {
    const calls = Array.isArray(body) ? body : [body]
    for (const { method } of calls) counts.set(method, proxy.count(method) + 1)
    const faults = calls.map(({ method, params = [] }) => faultOf(method, params, body))
    const wait = Math.max(0, ...faults.map((fault) => fault?.delayMs ?? 0))
    if (wait > 0) await delay(wait)
    return { calls, faults }
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = JSON.parse(await text(request)) as Call | Call[]
    proxy.requests++
    const hang = () => void unanswered.add(() => response.destroy())
    if (hanging) return hang()
    const { calls, faults } = await receive(body)
    if (faults.some((fault) => fault?.drop)) return void response.destroy()
    const whole = faults.find((fault) => fault?.status !== undefined || fault?.body !== undefined)
    if (whole) return respond(response, whole.status ?? 200, whole.body ?? '', whole.headers)

    const answers = await forward(calls, faults)
    if (hanging) return hang()
    const headers = faults.find((fault) => fault?.headers)?.headers
    respond(response, 200, JSON.stringify(Array.isArray(body) ? answers : answers[0]), headers)
  }

  async function forward(calls: Call[], faults: (Fault | undefined)[]): Promise<Answer[]> {
    const passed = calls.filter((_, i) => !faults[i]?.error)
    const answered = new Map<unknown, Answer>()
    if (passed.length > 0) {
      const reply = await fetch(proxy.target, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(passed),
      })
      for (const answer of (await reply.json()) as Answer[]) answered.set(answer.id, answer)
    }
    return calls.map((call, i) => answerTo(call, faults[i], answered.get(call.id)))
  }

  function answerTo(call: Call, fault: Fault | undefined, answer: Answer | undefined): Answer {
    if (fault?.error) return { jsonrpc: '2.0', id: call.id ?? null, error: fault.error }
    if (!answer) throw new Error(`no answer to ${call.method}`)
    return fault?.mutate && 'result' in answer ? { ...answer, result: fault.mutate(answer.result) } : answer
  }

  /** Connects one client's WebSocket with a WebSocket to the node. */
  function bridge(client: WebSocket): void {
    const upstream = new WebSocket(proxy.target.replace(/^http/, 'ws'))
    const pending = new Map<unknown, { call: Call; fault: Fault }>()
    const queued: string[] = []
    const end = () => {
      client.terminate()
      upstream.terminate()
      bridges.delete(end)
    }
    bridges.add(end)
    for (const each of [client, upstream]) {
      each.on('close', end)
      each.on('error', end)
    }
    const up = (message: string) => {
      if (upstream.readyState === WebSocket.OPEN) upstream.send(message)
      else queued.push(message)
    }
    upstream.on('open', () => {
      for (const message of queued.splice(0)) upstream.send(message)
    })
    const down = (message: unknown) => {
      if (!hanging && client.readyState === WebSocket.OPEN) client.send(JSON.stringify(message))
    }

    client.on('message', async (data) => {
      if (hanging) return
      const body = JSON.parse(data.toString()) as Call | Call[]
      const { calls, faults } = await receive(body)
      if (faults.some((fault) => fault?.drop || fault?.status !== undefined)) return end()
      if (!faults.some(Boolean)) return up(data.toString())
      if (Array.isArray(body)) {
        // A batch with faults is forwarded over HTTP, which has code for it. Few clients batch over
        // a WebSocket.
        return forward(calls, faults).then(down, end)
      }
      const [fault] = faults
      if (fault?.error) return down(answerTo(body, fault, undefined))
      if (fault) pending.set(body.id, { call: body, fault })
      up(data.toString())
    })
    upstream.on('message', (data) => {
      const message = JSON.parse(data.toString())
      if (message.method === 'eth_subscription') return notify(message)
      const waiting = pending.get(message.id)
      pending.delete(message.id)
      down(waiting ? answerTo(waiting.call, waiting.fault, message) : message)
    })

    async function notify(message: Notification): Promise<void> {
      const { params } = message
      const fault = faultOf(message.method, [params], message)
      if (fault?.delayMs) await delay(fault.delayMs)
      if (fault?.drop) return
      down(
        fault?.mutate ? { ...message, params: { ...params, result: fault.mutate(params.result) } } : message,
      )
    }
  }
}

function respond(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body)
}

async function text(request: IncomingMessage): Promise<string> {
  let body = ''
  for await (const chunk of request) body += chunk
  return body
}
