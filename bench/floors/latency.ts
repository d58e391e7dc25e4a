/**
 * The bare way of a job: WebSocket `newHeads` → `eth_getLogs` by the block's hash → durable insert → one SSE write.
 * No cursor, no parent check, no second look, one table, one client at a time. Needs `--experimental-websocket`.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import postgres from 'postgres'
import { decode, jobCreatedTopic, toJob } from '../../src/job.ts'
import { answer } from '../child.ts'

answer({ start })

async function start(task: { wsUrl: string; address: string; databaseUrl: string }): Promise<string> {
  const sql = postgres(task.databaseUrl, { max: 1 })
  await sql.unsafe(`
    create table jobs (
      id bigint generated always as identity primary key, block_number bigint not null, log_index integer not null,
      job_id numeric(78,0) not null, client_id numeric(78,0) not null, strategy_type smallint not null,
      verification_level smallint not null, budget numeric(78,0) not null, deadline numeric(78,0) not null,
      block_hash text not null, block_timestamp numeric(78,0) not null, transaction_hash text not null)`)

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
    const logs = await request<Parameters<typeof decode>[0][]>('eth_getLogs', [
      { address: task.address, topics: [jobCreatedTopic], blockHash: hash },
    ])
    for (const log of logs) {
      const job = decode(log, String(Number((log as { blockTimestamp?: string | null }).blockTimestamp)))
      const [row] = await sql`
        insert into jobs (block_number, log_index, job_id, client_id, strategy_type, verification_level, budget, deadline,
          block_hash, block_timestamp, transaction_hash)
        values (${job.blockNumber}, ${job.logIndex}, ${job.jobId}, ${job.clientId}, ${job.strategyType},
          ${job.verificationLevel}, ${job.budget}, ${job.deadline}, ${job.blockHash}, ${job.blockTimestamp},
          ${job.transactionHash})
        returning id`
      const frame = `id: ${row?.id}\nevent: job_created\ndata: ${JSON.stringify(toJob(job))}\n\n`
      for (const client of clients) client.write(frame)
    }
  }
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
