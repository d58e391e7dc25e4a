/**
 * Floor of the latency: WebSocket `newHeads` → `eth_getLogs` by the block's hash → durable insert or update →
 * one SSE write. No cursor, no check of the parent or the logs, no reorgs, one table, one client at a time.
 * Needs `--experimental-websocket`.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import postgres from 'postgres'
import type { RpcLog } from 'viem'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { answer } from '../child.ts'

answer({ start })

async function start(task: { wsUrl: string; address: string; databaseUrl: string }): Promise<string> {
  // JSON goes in and comes out as text.
  const json = {
    to: 3802,
    from: [3802],
    serialize: (text: string) => text,
    parse: (text: string) => text,
  }
  const sql = postgres(task.databaseUrl, { max: 1, types: { json } })
  await sql.unsafe(`
    create table jobs (
      id bigint generated always as identity, job_id numeric(78,0) primary key, block_number bigint not null,
      log_index integer not null, data jsonb not null)`)

  const clients = new Set<ServerResponse>()
  const server = createServer((_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
    response.write('event: connected\ndata: {}\n\n')
    clients.add(response)
    response.once('close', () => clients.delete(response))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  const socket = new WebSocket(task.wsUrl)
  const open = new Map<number, (result: unknown) => void>()
  let asked = 0
  const request = <T>(method: string, params: unknown[]): Promise<T> => {
    const id = ++asked
    socket.send(JSON.stringify({ jsonrpc: '2.0', id, method, params }))
    return new Promise((resolve) => open.set(id, resolve as (result: unknown) => void))
  }
  socket.addEventListener('message', ({ data }) => {
    const message = JSON.parse(data)
    if (message.method === 'eth_subscription') return void onHead(message.params.result)
    open.get(message.id)?.(message.result)
    open.delete(message.id)
  })
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  await request('eth_subscribe', ['newHeads'])

  async function onHead({ hash }: { hash: string }) {
    const logs = await request<(RpcLog & { blockTimestamp: string })[]>('eth_getLogs', [
      { address: task.address, topics: [jobRegistry.topics], blockHash: hash },
    ])
    for (const log of logs) {
      const { job, jobId, set, blockNumber, logIndex } = jobRegistry.decode(
        log,
        String(Number(log.blockTimestamp)),
      )
      const [row] = job
        ? await sql`
            insert into jobs (job_id, block_number, log_index, data)
            values (${jobId}, ${blockNumber}, ${logIndex}, ${JSON.stringify(job)})
            returning id, data`
        : await sql`
            update jobs set id = default, data = data || ${JSON.stringify(set)} where job_id = ${jobId}
            returning id, data`
      const event = job ? 'job_created' : 'job_updated'
      const frame = `id: ${row?.id}\nevent: ${event}\ndata: ${row?.data}\n\n`
      for (const client of clients) client.write(frame)
    }
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
