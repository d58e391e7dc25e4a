import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { FailedError, UsageError } from '../src/cli/errors.ts'
import { type TailIo, tail } from '../src/cli/tail.ts'
import { endWithParent } from '../src/devnet/guard.ts'
import { type Server, startServer } from './client/server.ts'
import { builtMain } from './helpers/process.ts'
import { until } from './helpers/until.ts'

let server: Server
beforeAll(async () => {
  // The chain's clock begins three hours ago, for `--since`.
  const timestamp = String(Math.floor(Date.now() / 1000) - 3 * 3600)
  server = await startServer({ MAX_LAG_SECONDS: '86400' }, { args: ['--timestamp', timestamp] })
})
afterAll(() => server.close())

interface Run {
  lines(): string[]
  errors(): string
  interrupt(): void
  exit: Promise<void>
}

/** Runs `jobcast tail` in this process. `tty`: its output is a terminal. */
function run(args: string[], { tty = false, env = {} as TailIo['env'] } = {}): Run {
  const control = new AbortController()
  const stdout = Object.assign(new PassThrough(), { isTTY: tty })
  const stderr = new PassThrough()
  let out = ''
  let err = ''
  stdout.on('data', (chunk) => {
    out += chunk
  })
  stderr.on('data', (chunk) => {
    err += chunk
  })
  // A run that reconnects would go on for ever.
  onTestFinished(() => control.abort())
  return {
    lines: () => out.split('\n').slice(0, -1),
    errors: () => err,
    interrupt: () => control.abort(),
    exit: tail(args, { stdout, stderr, signal: control.signal, env }),
  }
}

async function untilLines(run: Run, count: number): Promise<string[]> {
  await until(() => run.lines().length >= count, { message: `${count} lines` })
  return run.lines()
}

test('in a pipe it prints one JSON object per line until Ctrl-C, beginning with the history if --since is given', async () => {
  const first = await server.chain.createJob({ strategyType: 1, budget: 100_500_000n })
  await server.untilIndexed(first.jobId)
  const tailing = run([
    server.url,
    '--since',
    'all',
    '--filter',
    'strategyType=RUBRIC',
    '--filter',
    'verificationLevel=1',
  ])
  await untilLines(tailing, 1)
  await server.chain.createJob({ strategyType: 0 })
  const second = await server.chain.createJob({ strategyType: 1 })
  const lines = (await untilLines(tailing, 2)).map((line) => JSON.parse(line))
  expect(lines).toMatchObject([
    { type: 'job_created', data: { jobId: first.jobId, budget: '100.500000' } },
    { type: 'job_created', id: expect.stringMatching(/^\d+$/), data: { jobId: second.jobId } },
  ])
  tailing.interrupt()
  await tailing.exit
  expect(tailing.errors()).toBe('')
})

test('without --since it prints only new events, and a line for a removed job', async () => {
  const tailing = run([server.url], { tty: true, env: { NO_COLOR: '1' } })
  await until(() => tailing.errors().includes('connected'), { message: 'connected' })
  const { jobId, blockNumber } = await server.chain.createJob({
    budget: 1_234_500_000n,
    deadline: 2n ** 255n,
    clientId: 7n,
    verificationLevel: 3,
  })
  await untilLines(tailing, 1)
  await server.chain.reorg(1)
  const [created, removed] = await untilLines(tailing, 2)
  expect(created).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}\+ /)
  for (const part of [
    `#${jobId}`,
    'OPEN',
    'strategyType PROGRAM',
    'verificationLevel 3',
    'budget 1234.500000',
    'clientId 7',
  ])
    expect(created).toContain(part)
  expect(created).toContain(`block ${blockNumber}`)
  expect(removed).toContain(`-  #${jobId}`)
  expect(removed).toContain('removed by a reorg')
  tailing.interrupt()
  await tailing.exit
})

test('the line of a change shows the old and the new status', async () => {
  const tailing = run([server.url], { tty: true, env: { NO_COLOR: '1' } })
  await until(() => tailing.errors().includes('connected'), { message: 'connected' })
  const { jobId } = await server.chain.createJob()
  await server.chain.changeJob('fund', [BigInt(jobId), 1n, 1n])
  const [, changed] = await untilLines(tailing, 2)
  expect(changed).toContain(`~  #${jobId}`)
  expect(changed).toContain('OPEN → FUNDED')
  tailing.interrupt()
  await tailing.exit
})

test('a terminal gets colour, unless NO_COLOR is set', async () => {
  await server.chain.createJob()
  const colourful = run([server.url, '--since', 'all'], { tty: true })
  const plain = run([server.url, '--since', 'all'], { tty: true, env: { NO_COLOR: '1' } })
  const [coloured] = await untilLines(colourful, 1)
  const [uncoloured] = await untilLines(plain, 1)
  expect(coloured).not.toBe(uncoloured)
  expect(stripVTControlCharacters(coloured as string)).toBe(uncoloured)
  colourful.interrupt()
  plain.interrupt()
  await Promise.all([colourful.exit, plain.exit])
})

test('--since takes a block or a duration', async () => {
  const old = await server.chain.createJob()
  await server.chain.rpc('evm_increaseTime', [7200])
  const young = await server.chain.createJob()
  await server.untilIndexed(young.jobId)
  const firstLine = async (since: string) => {
    const tailing = run([server.url, '--since', since])
    const [line = ''] = await untilLines(tailing, 1)
    tailing.interrupt()
    await tailing.exit
    return JSON.parse(line).data.jobId
  }
  expect(await firstLine(String(old.blockNumber))).toBe(old.jobId)
  expect(await firstLine(String(young.blockNumber))).toBe(young.jobId)
  expect(await firstLine('2h')).toBe(young.jobId)
  expect(await firstLine('1d')).toBe('1')
})

test('it reports a restart of the server and resumes without losing a job', async () => {
  const tailing = run([server.url])
  await until(
    async () => {
      await server.chain.createJob()
      return tailing.lines().length > 0
    },
    { message: 'a first job' },
  )
  await server.stop()
  await until(() => tailing.errors().includes('retrying in'), {
    message: 'the lost connection is reported',
  })
  await server.chain.createJob()
  await server.start()
  const { jobId } = await server.chain.createJob()
  await until(() => tailing.lines().at(-1)?.includes(`"jobId":"${jobId}"`), { message: 'the newest job' })
  const ids = tailing.lines().map((line) => Number(JSON.parse(line).data.jobId))
  expect(ids).toEqual(ids.map((_, i) => (ids[0] as number) + i))
  tailing.interrupt()
  await tailing.exit
})

test('a refusal by the server is a failure with the server’s message', async () => {
  const refused = run([server.url, '--filter', 'strategyType=program']).exit
  await expect(refused).rejects.toThrow(/strategyType.*PROGRAM/s)
  await expect(refused).rejects.toBeInstanceOf(FailedError)
})

test('a wrong argument is a usage error that refers to --help', async () => {
  for (const args of [
    ['--color'],
    ['nowhere'],
    ['localhost:3000'],
    [server.url, 'x'],
    ['--since', 'yesterday'],
  ]) {
    const wrong = run(args).exit
    await expect(wrong).rejects.toBeInstanceOf(UsageError)
    await expect(wrong).rejects.toThrow(/.+; see jobcast tail --help$/)
  }
})

/** Ends a process with the test, because `tail` reconnects for ever. */
function endWithTest(child: ChildProcess): void {
  endWithParent(child)
  onTestFinished(() => void child.kill('SIGKILL'))
}

test('the process exits with code 0 on Ctrl-C', async () => {
  const child = spawn(process.execPath, [builtMain, 'tail', server.url, '--since', 'all'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  endWithTest(child)
  await once(child.stdout, 'data')
  child.kill('SIGINT')
  expect(await once(child, 'exit')).toEqual([0, null])
})

test('the process exits with code 1 and the server’s message if the server refuses', async () => {
  const child = spawn(process.execPath, [builtMain, 'tail', server.url, '--filter', 'strategyType=program'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  endWithTest(child)
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  expect(await once(child, 'close')).toEqual([1, null])
  expect(errors).toMatch(/^.*strategyType.*PROGRAM.*\n$/)
})

test('the process exits with code 0 and no message if the reader closes the pipe', async () => {
  const tailing = `'${process.execPath}' '${builtMain}' tail ${server.url} --since all`
  const child = spawn('sh', ['-c', `{ ${tailing}; echo "exit $?" >&2; } | head -n 1`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  endWithTest(child)
  let errors = ''
  child.stderr.on('data', (chunk) => {
    errors += chunk
  })
  await once(child.stdout, 'data')
  // The write of the next line fails, because `head` has closed the pipe.
  await until(
    async () => {
      await server.chain.createJob()
      return child.exitCode !== null
    },
    { message: 'the pipeline ends' },
  )
  expect(errors).toBe('exit 0\n')
})
