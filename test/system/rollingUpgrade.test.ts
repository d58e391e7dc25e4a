import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it, onTestFinished } from 'vitest'
import { tempDir } from '../helpers/tempDir.ts'

const script = fileURLToPath(new URL('../../deploy/rolling-upgrade.sh', import.meta.url))

/** A process: where it answers, and the command that restarts it. */
type Step = [url: string, command: string]

/** Runs the script. Processes get a second to become ready again. */
function upgrade(...args: string[]): Promise<{ code: unknown; stderr: string }> {
  const env = { ...process.env, READY_SECONDS: '1' }
  return new Promise((resolve) => {
    execFile(script, args, { env, timeout: 30_000 }, (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    )
  })
}

/** Processes that are ready or not, of which each command leaves a file in a folder. They end with the test. */
async function openProcesses() {
  const { path: folder, remove } = await tempDir()
  onTestFinished(remove)
  const wasRun = (name: string) => existsSync(join(folder, name))
  return {
    /** names of the processes whose command was run */
    replaced: () => readdirSync(folder).sort(),
    async start(name: string, isReady: (wasReplaced: boolean) => boolean): Promise<Step> {
      const server = createServer(({ url }, response) => {
        response.writeHead(url === '/ready' && isReady(wasRun(name)) ? 200 : 503).end()
      })
      await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
      onTestFinished(() => void server.close())
      return [`http://127.0.0.1:${(server.address() as AddressInfo).port}`, `touch '${join(folder, name)}'`]
    },
  }
}

const ALWAYS = () => true
const NEVER = () => false

it('if one of the processes is not ready at the start, none is replaced', async () => {
  const { start, replaced } = await openProcesses()
  const last = await start('b', NEVER)
  expect(await upgrade(...(await start('a', ALWAYS)), ...last)).toEqual({
    code: 1,
    stderr: `${last[0]} is not ready: nothing was changed\n`,
  })
  expect(replaced()).toEqual([])
})

it('if a process is not ready again after it was replaced, those after it are left as they are', async () => {
  const { start, replaced } = await openProcesses()
  const failing = await start('b', (wasReplaced) => !wasReplaced)
  const steps = [await start('a', ALWAYS), failing, await start('c', ALWAYS)]
  expect(await upgrade(...steps.flat())).toEqual({
    code: 1,
    stderr: `${failing[0]} is not ready after 1 s; the processes after it were left as they were\n`,
  })
  expect(replaced()).toEqual(['a', 'b'])
})

it('a URL without a command, or no arguments at all, is a usage error, and nothing is replaced', async () => {
  const { start, replaced } = await openProcesses()
  const [url] = await start('b', ALWAYS)
  for (const args of [[...(await start('a', ALWAYS)), url], []])
    expect(await upgrade(...args)).toEqual({
      code: 2,
      stderr: expect.stringMatching(/^usage: .* URL COMMAND/),
    })
  expect(replaced()).toEqual([])
})
