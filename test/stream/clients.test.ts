import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import { createSharedDatabase } from '../helpers/sharedPostgres.ts'
import { until } from '../helpers/until.ts'
import { openWriter, serveDatabase, type Writer } from '../helpers/writer.ts'
import { pythonClient } from './pythonClient.ts'

const has = (command: string) => spawnSync(command, ['--version']).status === 0

let url: string
let writer: Writer
let service: Awaited<ReturnType<typeof serveDatabase>>
beforeAll(async () => {
  url = await createSharedDatabase()
  writer = await openWriter(url)
  service = await serveDatabase(url)
})
afterAll(async () => {
  await service.close()
  await writer.close()
})

/**
 * Starts a program. `output` returns what it has printed so far. `code` resolves with its exit code, or with
 * null if a signal ended it.
 */
function run(command: string, args: string[]) {
  const child: ChildProcess = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill())
  let output = ''
  child.stdout?.setEncoding('utf8').on('data', (text) => {
    output += text
  })
  const code = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { output: () => output, code }
}

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = []
  createParser({ onEvent: (event) => events.push(event) }).feed(text)
  return events
}

describe('eventsource-parser over fetch', () => {
  it('reads a resumed stream', async () => {
    const last = await writer.add({ jobId: '41' }, { jobId: '42' })
    const abort = new AbortController()
    onTestFinished(() => abort.abort())
    const answer = await fetch(`${service.url}/api/v1/events`, {
      headers: { accept: 'text/event-stream', 'last-event-id': String(last - 2) },
      signal: abort.signal,
    })
    const events: EventSourceMessage[] = []
    const parser = createParser({ onEvent: (event) => events.push(event) })
    const decoder = new TextDecoder()
    const body = answer.body as unknown as AsyncIterable<Uint8Array>
    for await (const chunk of body) {
      parser.feed(decoder.decode(chunk, { stream: true }))
      if (events.length >= 3) break
    }
    expect(events.map(({ event, id }) => [event, Number(id)])).toEqual([
      ['connected', last - 2],
      ['job_created', last - 1],
      ['job_created', last],
    ])
    expect(JSON.parse(events[2]?.data as string).jobId).toBe('42')
  })
})

describe.skipIf(!has('curl'))('curl -N', () => {
  it('prints each event as it comes, and exits with code 0 when the server stops', async () => {
    const own = await serveDatabase(url)
    onTestFinished(() => own.close())
    const curl = run('curl', ['-sSN', '--fail', `${own.url}/api/v1/events?types=job_created`])
    await until(() => parse(curl.output()).length === 1, { message: 'the connected frame is printed' })
    const id = await writer.add({ jobId: '43' })
    await until(() => parse(curl.output()).length === 2, { message: 'the job is printed' })
    expect(parse(curl.output())[1]).toMatchObject({ event: 'job_created', id: String(id) })
    await own.close()
    expect(await curl.code).toBe(0)
  })

  it('gets the same over HTTP/1.0', async () => {
    const curl = run('curl', ['-sSN', '--http1.0', `${service.url}/api/v1/events`])
    await until(() => parse(curl.output()).length === 1)
    const id = await writer.add({})
    await until(() => parse(curl.output()).at(-1)?.id === String(id))
  })
})

describe.skipIf(!has('python3'))("Python's standard library", () => {
  it('reads the stream and resumes after its last id', async () => {
    const python = run('python3', ['-u', '-c', pythonClient, `${service.url}/api/v1/events`, '2'])
    const lines = () =>
      python
        .output()
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.split(' '))
    await until(() => lines().length === 1, { message: 'it is connected' })
    const first = await writer.add({})
    const second = await writer.add({})
    // It closed its connection after the first job. The second came on the next connection.
    await until(() => lines().at(-1)?.[1] === String(second), { message: 'the second job came' })
    expect(lines().filter(([event]) => event === 'job_created')).toEqual([
      ['job_created', String(first)],
      ['job_created', String(second)],
    ])
    expect(lines()[2]).toEqual(['connected', String(first)])
    expect(await python.code).toBe(0)
  })
})
