/**
 * Floor of the fan-out: `node:http`, and one shared, chunk-encoded Buffer that a loop writes to every raw
 * socket. The NOTIFY payload carries the event's data. No resume, no filters, no limits, and slow clients
 * stay connected.
 */
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import postgres from 'postgres'
import { encodeChunk, encodeFrame } from '../../src/feed/frames.ts'
import { answer } from '../child.ts'

answer({ start })

async function start({ databaseUrl, channel }: { databaseUrl: string; channel: string }): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((_request, response) => {
    const socket = response.socket as Socket
    response.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-cache, no-transform',
      Connection: 'keep-alive',
      'X-Accel-Buffering': 'no',
      'Access-Control-Allow-Origin': '*',
    })
    response.write('retry: 3000\nid: 1780000000000000\nevent: connected\ndata: {}\n\n')
    sockets.add(socket)
    response.once('close', () => sockets.delete(socket))
  })
  server.keepAliveTimeout = 30_000
  await new Promise<void>((resolve) => server.listen({ port: 0, host: '127.0.0.1', backlog: 1024 }, resolve))

  const sql = postgres(databaseUrl)
  await sql.listen(channel, (data) => {
    const chunk = encodeChunk(encodeFrame({ id: 1780000000000000, event: 'job_created', data }))
    for (const socket of sockets) socket.write(chunk)
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
