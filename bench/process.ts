import { readFileSync } from 'node:fs'
import { type JobcastProcess, startProcess } from '../test/helpers/process.ts'

/** Ticks a second in /proc/PID/stat, by the kernel's ABI. */
const TICKS = 100

/** Jobcast as compiled by `npm run build`, a process of its own, with limits out of the load's way. */
export function startJobcast(env: Record<string, string>, args = ['start']): Promise<JobcastProcess> {
  return startProcess({
    compiled: true,
    args,
    // The limiter stays in place, only its limit is out of reach.
    env: { RATE_LIMIT: '10000000', MAX_STREAMS_PER_IP: '1000000', ...profiling(), ...env },
  })
}

/** BENCH_PROFILE=FOLDER leaves a CPU profile of each Jobcast there. */
function profiling(): Record<string, string> {
  const folder = process.env.BENCH_PROFILE
  return folder ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=${folder}` } : {}
}

/** CPU seconds a process has used so far, user and system. Linux only. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / TICKS
}

/** Resident bytes of a process. Linux only. */
export function residentBytes(pid: number): number {
  const [, kb] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) * 1024
}
