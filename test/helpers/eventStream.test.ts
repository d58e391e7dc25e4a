import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type EventStream, openStream } from './eventStream.ts'
import { until } from './until.ts'

const undo: (() => void)[] = []
afterEach(() => {
  for (const step of undo.splice(0).reverse()) step()
})

async function serve(answer: (response: ServerResponse, nth: number) => void): Promise<string> {
  let requests = 0
  const server = createServer((_, response) => answer(response, ++requests))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  undo.push(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function open(...args: Parameters<typeof openStream>): EventStream {
  const stream = openStream(...args)
  undo.push(stream.close)
  return stream
}

const head = { 'content-type': 'text/event-stream' }

test('openStream records the events of all connections, and the Last-Event-ID that each request sent', async () => {
  const url = await serve((response, nth) => {
    response.writeHead(200, head)
    response.write(`retry: 10\nevent: connected\nid: ${nth}0\ndata: {"n":${nth}}\n\n`)
    response.write(`event: job_created\nid: ${nth}1\ndata: {"jobId":"${nth}"}\n\n`)
    if (nth === 1) response.end()
  })
  const stream = open(url, { lastEventId: '7' })
  expect(await stream.connected).toEqual({ type: 'connected', id: '10', data: { n: 1 } })
  const jobs = await stream.waitFor(2)
  expect(jobs.map(({ id, data }) => [id, data.jobId])).toEqual([
    ['11', '1'],
    ['21', '2'],
  ])
  expect(stream.sentLastEventIds).toEqual(['7', '11'])
  expect(await stream.waitFor((event) => event.id === '20')).toMatchObject({ type: 'connected' })
})

test('openStream records the answer of a refusal and does not reconnect', async () => {
  const url = await serve((response) => response.writeHead(429, { 'retry-after': '9' }).end())
  const stream = open(url)
  await until(() => !stream.alive(), { message: 'the client gave up' })
  expect(stream.responses.map(({ status, headers }) => [status, headers.get('retry-after')])).toEqual([
    [429, '9'],
  ])
})
