import getPort from 'get-port'
import { expect, it, onTestFinished } from 'vitest'
import { startProcess } from '../helpers/process.ts'
import { until } from '../helpers/until.ts'

it('two devnets that start at the same moment both run, each on ports of its own', async () => {
  const PORT = String(await getPort())
  const devnets = await Promise.all([1, 2].map(() => startProcess({ args: ['devnet'], env: { PORT } })))
  onTestFinished(async () => void (await Promise.all(devnets.map((devnet) => devnet.stop()))))
  const addressesOf = (output: string) =>
    output.match(/^ {2}(?:page|chain) +\S+/gm)?.map((line) => line.slice(10))
  const running = await Promise.all(
    devnets.map((devnet) =>
      until(() => addressesOf(devnet.output()), { timeout: 60_000, message: 'a devnet runs' }),
    ),
  )
  expect(new Set(running.flat()).size).toBe(4)
  for (const [page] of running)
    await until(async () => (await fetch(`${page}ready`)).ok, { message: `${page} is ready` })
})
