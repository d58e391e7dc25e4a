import type { RpcBlock } from 'viem'
import { getWebSocketRpcClient } from 'viem/utils'
import { causeOf, hostOf, RpcError, refusalOf } from './errors.ts'
import type { Call, Reply, SendOptions, Transport } from './transport.ts'

/** viem bounds the answer to a request, not the time to connect. */
const CONNECT_MS = 10_000
const RESUBSCRIBE_MS = 2_000

type Client = Awaited<ReturnType<typeof getWebSocketRpcClient>>

export interface SocketTransport extends Transport {
  /** Subscribes to new heads; whenever that ends, it subscribes again. The returned function ends it. */
  watch(onBlock: (block: RpcBlock) => void): () => void
}

/** JSON-RPC over a WebSocket. One socket leads to one node, so every call is sent by itself. */
export function createSocketTransport(url: string): SocketTransport {
  const host = hostOf(url)
  const open = new Set<Client>()

  async function connect(timeoutMs: number): Promise<Client> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(timedOut(timeoutMs)), timeoutMs)
    })
    try {
      // viem gives up reconnecting after some attempts. Each request opens a socket here if there is none.
      const client = await Promise.race([getWebSocketRpcClient(url, { reconnect: false }), late])
      open.add(client)
      return client
    } catch (error) {
      throw error instanceof RpcError ? error : new RpcError(host, 'no-answer', causeOf(error))
    } finally {
      clearTimeout(timer)
    }
  }

  async function send(calls: Call[], { timeoutMs }: SendOptions): Promise<Reply[]> {
    const client = await connect(Math.min(timeoutMs, CONNECT_MS))
    try {
      return await Promise.all(calls.map((call) => request(client, call, timeoutMs)))
    } catch (error) {
      drop(client)
      if ((error as Error | undefined)?.name === 'TimeoutError') throw timedOut(timeoutMs)
      throw new RpcError(host, 'no-answer', causeOf(error), { cause: error })
    }
  }

  async function request(client: Client, call: Call, timeoutMs: number): Promise<Reply> {
    const { error, result } = await client.requestAsync({ body: { ...call }, timeout: timeoutMs })
    return error ? { error: refusalOf(host, call.method, error) } : { result }
  }

  function drop(client: Client): void {
    open.delete(client)
    client.close()
  }

  function timedOut(timeoutMs: number): RpcError {
    return new RpcError(host, 'timeout', `timeout after ${timeoutMs / 1_000} s`)
  }

  function watch(onBlock: (block: RpcBlock) => void): () => void {
    let timer: NodeJS.Timeout | undefined
    let end: (() => void) | undefined = () => {}
    const again = () => {
      if (!end) return
      clearTimeout(timer)
      timer = setTimeout(start, RESUBSCRIBE_MS)
      timer.unref()
    }
    const start = async () => {
      try {
        const unsubscribe = await subscribe(await connect(CONNECT_MS), { onBlock, onError: again })
        if (end) end = unsubscribe
        else unsubscribe()
      } catch {
        again()
      }
    }
    void start()
    return () => {
      clearTimeout(timer)
      end?.()
      end = undefined
    }
  }

  return {
    send,
    watch,
    close() {
      for (const client of open) client.close()
    },
  }
}

interface Listener {
  onBlock(block: RpcBlock): void
  onError(): void
}

/** Resolves with the function that unsubscribes. `onError` is called if the subscription ends by itself. */
function subscribe(client: Client, { onBlock, onError }: Listener): Promise<() => void> {
  return new Promise((resolve, reject) => {
    client.request({
      body: { method: 'eth_subscribe', params: ['newHeads'] },
      onError(error) {
        reject(error)
        onError()
      },
      // Called for the reply, and then for each notification.
      onResponse(message) {
        if ('params' in message) return onBlock(message.params.result)
        if (message.error) return reject(message.error)
        const body = { method: 'eth_unsubscribe', params: [message.result] }
        resolve(() => client.request({ body, onResponse: () => {} }))
      },
    })
  })
}
