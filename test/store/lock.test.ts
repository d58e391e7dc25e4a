import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { erc8183 } from '../../src/contract/erc8183.ts'
import { jobRegistry } from '../../src/contract/jobRegistry.ts'
import { endWithParent } from '../../src/devnet/guard.ts'
import { lockFolder } from '../../src/store/lock.ts'
import { openPglite } from '../../src/store/pglite.ts'
import { createTestDataDir } from '../helpers/dataDir.ts'
import { tempDir } from '../helpers/tempDir.ts'

let dir: Awaited<ReturnType<typeof tempDir>>
beforeAll(async () => {
  dir = await tempDir()
})
afterAll(() => dir?.remove())

const folder = () => mkdtempSync(join(dir.path, 'data-'))

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

/** Runs a function and resolves with its duration in seconds. */
async function seconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now()
  await run()
  return (performance.now() - start) / 1_000
}

describe.concurrent('the lock of a folder', () => {
  it('is refused while its holder lives, and can be taken at once after its release', async () => {
    const path = folder()
    const first = await lockFolder(path)
    await expect(lockFolder(path)).rejects.toThrow(`${path} is in use by process ${process.pid} on `)
    expect(first.isHeld()).toBe(true)
    await first.release()
    // Without the release, it could be taken after 5 s.
    expect(await seconds(async () => (await lockFolder(path)).release())).toBeLessThan(4)
  })

  // The holder may be in another container, where its process id means another process. So the heartbeat
  // counts, not the id.
  it('is refused while its file changes, whatever process id the file has', async ({ onTestFinished }) => {
    const path = folder()
    let beats = 0
    const beat = () =>
      writeFileSync(join(path, 'lock-7'), JSON.stringify({ pid: 999_999_999, host: 'other', beats: ++beats }))
    beat()
    const timer = setInterval(beat, 1_000)
    onTestFinished(() => clearInterval(timer))
    await expect(lockFolder(path)).rejects.toThrow(
      /in use by process 999999999 on other\. Stop it, or set DATA_DIR/,
    )
  })

  it('is taken from a dead holder when its file has not changed for 5 s, and only one of many attempts succeeds', async () => {
    const path = folder()
    writeFileSync(join(path, 'lock-7'), JSON.stringify({ pid: process.pid, host: 'here', beats: 3 }))
    let outcomes: PromiseSettledResult<Awaited<ReturnType<typeof lockFolder>>>[] = []
    const took = await seconds(async () => {
      outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(path)))
    })
    expect(took).toBeGreaterThan(4.9)
    const held = outcomes.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []))
    expect(held).toHaveLength(1)
    expect(held[0]?.isHeld()).toBe(true)
    await held[0]?.release()
    expect(readdirSync(path).length).toBeLessThanOrEqual(2)
  })

  it('has one holder at a time, however often it is taken and released', async () => {
    const path = folder()
    let holders = 0
    let turns = 0
    const taker = async () => {
      while (turns < 30) {
        const lock = await lockFolder(path).catch(() => undefined)
        if (!lock) continue
        expect(++holders).toBe(1)
        turns++
        await pause(Math.random() * 5)
        holders--
        await lock.release()
      }
    }
    await Promise.all(Array.from({ length: 8 }, taker))
    expect(turns).toBeGreaterThanOrEqual(30)
  })

  it('is kept by a process whose main thread is blocked', async ({ onTestFinished }) => {
    const path = folder()
    const module = fileURLToPath(new URL('../../src/store/lock.ts', import.meta.url))
    const holder = spawn(
      process.execPath,
      [
        '--import=tsx',
        '--input-type=module',
        '-e',
        `import { lockFolder } from ${JSON.stringify(module)}
        await lockFolder(${JSON.stringify(path)})
        process.stdout.write('held')
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)`,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    endWithParent(holder)
    onTestFinished(() => void holder.kill('SIGKILL'))
    await once(holder.stdout, 'data')
    for (let i = 0; i < 6; i++) {
      await expect(lockFolder(path)).rejects.toThrow(`process ${holder.pid}`)
      await pause(1_000)
    }
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await (await lockFolder(path)).release()
  })
})

it('an embedded database is closed and unlocked after it was refused to another definition', async () => {
  const path = await createTestDataDir()
  await (await openPglite(path, jobRegistry)).close()
  await expect(openPglite(path, erc8183)).rejects.toThrow('CONTRACT')
  expect(existsSync(join(path, 'pglite', 'postmaster.pid'))).toBe(false)
  await (await openPglite(path, jobRegistry)).close()
})
