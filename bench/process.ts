import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type JobcastProcess, startProcess } from '../test/helpers/process.ts'
import { tempDir } from '../test/helpers/tempDir.ts'
import { until } from '../test/helpers/until.ts'

/** Ticks a second in /proc/PID/stat, by the kernel's ABI. */
const TICKS = 100

/**
 * Starts Jobcast, as compiled by `npm run build`, in a new process, with limits that the load does not reach.
 */
export function startJobcast(env: Record<string, string>, args = ['start']): Promise<JobcastProcess> {
  return startProcess({
    args,
    nodeArgs: profiling(),
    // Not 0, which would switch the limiter off: its cost is part of the measurement.
    env: { RATE_LIMIT: '10000000', MAX_STREAMS_PER_IP: '1000000', ...env },
  })
}

/** With BENCH_PROFILE=FOLDER, each Jobcast writes a CPU profile to that folder. */
function profiling(): string[] {
  const folder = process.env.BENCH_PROFILE
  return folder ? ['--cpu-prof', `--cpu-prof-dir=${folder}`] : []
}

/** CPU seconds a process has used so far, user and system. Linux only. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Lets all threads of a process run only on one core, unless the machine has only one. Linux only. */
export function pinToCore(pid: number, core: number): void {
  if (availableParallelism() === 1) return
  execFileSync('taskset', ['--all-tasks', '--cpu-list', '--pid', String(core), String(pid)])
}

/** An environment for a server that makes it report its memory on request. */
export async function measurableMemory() {
  const { path, remove } = await tempDir()
  const file = join(path, 'memory.json')
  const preload = fileURLToPath(new URL('load/collectGarbage.mjs', import.meta.url))
  return {
    env: { NODE_OPTIONS: `--import ${preload}`, MEMORY_FILE: file },
    /** memory of the process after a garbage collection, in bytes */
    async read(pid: number): Promise<NodeJS.MemoryUsage> {
      await rm(file, { force: true })
      process.kill(pid, 'SIGWINCH')
      return JSON.parse(
        await until(() => readFile(file, 'utf8'), { message: 'the process reports its memory' }),
      )
    },
    remove,
  }
}
