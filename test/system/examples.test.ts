import { type ChildProcess, spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { installedExamples } from '../client/installed.ts'
import { type Server, startServer } from '../client/server.ts'
import { until } from '../helpers/until.ts'

let server: Server
let dir: Awaited<ReturnType<typeof installedExamples>>
const running: Script[] = []

beforeAll(async () => {
  ;[server, dir] = await Promise.all([startServer(), installedExamples()])
})
afterEach(async () => {
  await Promise.all(running.splice(0).map((script) => script.end('SIGKILL')))
})
afterAll(async () => {
  await server?.close()
  await dir?.remove()
})

interface Script {
  output(): string
  /** Every `jobId` that it has printed as created, in order. */
  jobs(): string[]
  end(signal?: NodeJS.Signals): Promise<number | null>
  exit: Promise<number | null>
}

function start(command: string, ...args: string[]): Script {
  const child: ChildProcess = spawn(command, args, { cwd: dir.path, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk) => {
      output += chunk
    })
  const exit = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      output += error.message
      resolve(null)
    })
    child.once('exit', resolve)
  })
  const script: Script = {
    output: () => output,
    jobs: () =>
      [...output.matchAll(/(?:job_created (?:\{"jobId":")?|^\{"jobId":"|forwarded job_created )(\d+)/gm)].map(
        ([, jobId]) => jobId as string,
      ),
    end(signal = 'SIGTERM') {
      child.kill(signal)
      return exit
    },
    exit,
  }
  running.push(script)
  return script
}

async function untilJobs(script: Script, jobs: string[]): Promise<void> {
  await until(() => String(script.jobs()) === String(jobs), { message: `jobs ${jobs}` }).catch((error) => {
    throw new Error(`${error.message}\n${script.output()}`)
  })
}

const scripts: [name: string, command: string, ...args: string[]][] = [
  ['follow.mjs', process.execPath],
  ['eventsource.mjs', process.execPath],
  ['stream.py', 'python3'],
  ['stream.sh', 'sh'],
]

test.each(scripts)('%s prints each job once, even if the server restarts', async (name, command) => {
  const script = start(command, `examples/${name}`, server.url)
  const jobs: string[] = []
  // Before its first job the script may not be connected yet, and only follow.mjs reads the history.
  await until(async () => {
    jobs.push((await server.chain.createJob()).jobId)
    return script.jobs().length > 0
  })
  const begin = name === 'follow.mjs' ? '1' : script.jobs()[0]
  const length = Number(jobs.at(-1)) - Number(begin) + 1
  const expected = Array.from({ length }, (_, i) => String(Number(begin) + i))
  await server.stop()
  expected.push((await server.chain.createJob()).jobId)
  await server.start()
  expected.push((await server.chain.createJob()).jobId)
  await untilJobs(script, expected)
  expect(await script.end()).toBe(name === 'stream.py' ? null : 0)
})

test.each(scripts)('%s prints a change with the new status of the job', async (name, command) => {
  const script = start(command, `examples/${name}`, server.url)
  let jobId = ''
  await until(async () => {
    jobId = (await server.chain.createJob()).jobId
    return script.jobs().length > 0
  })
  await server.chain.changeJob('fund', [BigInt(jobId), 1n, 1n])
  await until(() => new RegExp(`job_updated .*${jobId}.*FUNDED`).test(script.output()), {
    message: 'the change is printed',
  })
})

test.each(scripts)('%s exits with code 1 and the reason if the server refuses', async (name, command) => {
  const query = 'strategyType=program'
  const script = start(command, `examples/${name}`, server.url, query)
  expect(await script.exit).toBe(1)
  // EventSource does not show the body of a refusal.
  expect(script.output()).toMatch(name === 'eventsource.mjs' ? /400/ : /strategyType/)
})

/** Serves three events to a client without an id, and later only those after its id. */
function streamAfter(lastEventId: string | string[] | undefined): string {
  const frame = (id: number, event: string, data: object) =>
    `retry: 1000\nid: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`
  const position = Number(lastEventId ?? 4)
  const due = [5, 6, 7].filter((id) => id > position)
  const jobs = due.map((id) => frame(id, 'job_created', { jobId: String(id), status: 'OPEN' }))
  return frame(position, 'connected', { resumed: null }) + jobs.join('')
}

test.each([
  ['stream.py', 'python3'],
  ['stream.sh', 'sh'],
])('%s prints each job once and whole, wherever the connection breaks', async (name, command) => {
  const cuts = [
    '\nid: 5\n',
    'event: job_created\ndata: {"jobId":"5"',
    '"OPEN"}\n\nretry: 1',
    'id: 7\nevent: job',
  ]
  const positions: unknown[] = []
  const breaking = createServer(({ headers }, response) => {
    positions.push(headers['last-event-id'])
    const text = streamAfter(headers['last-event-id'])
    const cut = cuts[positions.length - 1]
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (cut === undefined) response.write(text)
    else response.end(text.slice(0, text.lastIndexOf(cut) + cut.length))
  })
  await new Promise<void>((resolve) => breaking.listen(0, '127.0.0.1', resolve))
  try {
    const url = `http://127.0.0.1:${(breaking.address() as AddressInfo).port}`
    const script = start(command, `examples/${name}`, url)
    await until(() => positions.length > cuts.length, { message: 'the connection that does not break' })
    await untilJobs(script, ['5', '6', '7'])
    expect(positions).toEqual([undefined, '4', '4', '6', '6'])
    const lines = script.output().match(/^job_created .*$/gm)
    expect(lines?.map((line) => line.endsWith(name === 'stream.py' ? ' OPEN' : '"OPEN"}'))).toEqual([
      true,
      true,
      true,
    ])
  } finally {
    breaking.close()
    breaking.closeAllConnections()
  }
})

interface Hook {
  url: string
  received: { type: string; jobId: string; key: string }[]
  close(): void
}

async function startHook(answer: (response: ServerResponse, nth: number) => void): Promise<Hook> {
  const received: Hook['received'] = []
  const hook = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    const { type, data } = JSON.parse(body)
    received.push({ type, jobId: data.jobId, key: String(request.headers['idempotency-key']) })
    answer(response, received.length)
  })
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(hook.address() as AddressInfo).port}`,
    received,
    close() {
      hook.close()
      hook.closeAllConnections()
    },
  }
}

test('webhook.mjs delivers the oldest job of a gap, however far the chain was when the hook failed', async () => {
  let accept = true
  const hook = await startHook((response) => accept && response.writeHead(204).end())
  try {
    const file = join(dir.path, 'failing.json')
    const args = ['examples/webhook.mjs', server.url, hook.url, file] as const
    const first = start(process.execPath, ...args)
    await until(() => readFile(file).catch(() => false), { message: 'it has saved its position' })
    await first.end('SIGKILL')
    const oldest = await server.chain.createJob()
    // A gap is read from 256 blocks before the saved block on.
    await server.chain.mine(300)
    const newest = await server.chain.createJob()
    await server.untilIndexed(newest.jobId)

    accept = false
    const second = start(process.execPath, ...args)
    await until(() => hook.received.length === 1, { message: 'the delivery that is not answered' })
    await second.end('SIGKILL')
    accept = true
    await server.stop()
    await server.start({ FEED_RETENTION: '0' })
    const third = start(process.execPath, ...args)
    await until(() => third.jobs().at(-1) === newest.jobId, { message: 'the newest job of the gap' })
    expect(third.jobs()).toContain(oldest.jobId)
  } finally {
    hook.close()
  }
})

test('webhook.mjs delivers each job at least once, even if the hook fails, the script crashes or there is a gap', async () => {
  let accept = true
  const hook = await startHook((response, nth) => {
    // The second delivery fails once. While `accept` is false, deliveries stay unanswered.
    if (accept) response.writeHead(nth === 2 ? 500 : 204).end()
  })
  try {
    const file = join(dir.path, 'position.json')
    const args = ['examples/webhook.mjs', server.url, hook.url, file] as const
    const first = start(process.execPath, ...args)
    await until(() => readFile(file).catch(() => false), {
      message: 'it is connected and has saved its position',
    })
    const a = await server.chain.createJob()
    const b = await server.chain.createJob()
    await untilJobs(first, [a.jobId, b.jobId])
    expect(hook.received.map(({ jobId }) => jobId)).toEqual([a.jobId, b.jobId, b.jobId])
    expect(hook.received[1]?.key).toBe(hook.received[2]?.key)

    accept = false
    const c = await server.chain.createJob()
    await until(() => hook.received.length === 4, { message: 'the delivery that is not answered' })
    await first.end('SIGKILL')
    accept = true
    const d = await server.chain.createJob()
    const second = start(process.execPath, ...args)
    await untilJobs(second, [c.jobId, d.jobId])

    await second.end('SIGKILL')
    await server.stop()
    const e = await server.chain.createJob()
    await server.start({ FEED_RETENTION: '0' })
    const third = start(process.execPath, ...args)
    await until(() => third.jobs().at(-1) === e.jobId, { message: 'the job of the gap' })
    expect(await third.end()).toBe(0)
  } finally {
    hook.close()
  }
})
