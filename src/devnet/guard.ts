import { type ChildProcess, spawn } from 'node:child_process'

const guarded = new Set<ChildProcess>()
let listening = false

/**
 * Ends a child with this process, however this process ends. A SIGKILL runs no code of ours, and Node cannot ask
 * the kernel for a parent-death signal; so a small shell holds the read end of a pipe of ours: when the kernel
 * closes the other end, the shell kills the child. On Windows, which has no such shell, only a regular exit is
 * covered.
 * @param signal what the child gets; SIGKILL unless it has children or files of its own to put away.
 */
export function endWithParent(child: ChildProcess, signal: 'SIGKILL' | 'SIGQUIT' = 'SIGKILL'): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  guarded.add(child)
  if (!listening) {
    listening = true
    process.on('exit', () => {
      for (const each of guarded) each.kill('SIGKILL')
    })
  }
  const guard = process.platform === 'win32' ? undefined : startGuard(child.pid, signal)
  child.once('exit', () => {
    guarded.delete(child)
    // A line, not a closed pipe: the guard goes without a signal to a pid that may be another's by now.
    guard?.stdin?.end('done\n')
  })
}

function startGuard(pid: number, signal: string): ChildProcess {
  const script = `read -r line || kill -${signal.slice(3)} "$1"`
  const guard = spawn('/bin/sh', ['-c', script, 'jobcast-guard', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    // Its own session: a Ctrl-C or a kill of our process group must not take the guard first.
    detached: true,
  })
  guard.on('error', () => {})
  guard.stdin?.on('error', () => {})
  guard.unref()
  // Node's types call it a Writable; it is a socket, and it must not keep this process alive.
  ;(guard.stdin as unknown as { unref?(): void } | null)?.unref?.()
  return guard
}
