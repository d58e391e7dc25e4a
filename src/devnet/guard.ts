import type { ChildProcess } from 'node:child_process'

const children = new Map<ChildProcess, NodeJS.Signals>()
let installed = false

/**
 * Ends a child process when this process ends: by process.exit(), an uncaught error, SIGINT, SIGTERM or SIGHUP. A
 * SIGKILL of this process leaves the child running.
 * @param signal the child's; SIGKILL unless it has children or files of its own to clean up
 */
export function endWithParent(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  if (!installed) install()
  installed = true
  children.set(child, signal)
  child.once('exit', () => children.delete(child))
}

function install(): void {
  process.on('exit', endChildren)
  // A signal that nobody handles ends a process without its `exit` event. This listener is the first one, so that it
  // counts all others before they remove themselves.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.prependOnceListener(signal, () => {
      if (process.listenerCount(signal) > 0) return
      endChildren()
      process.kill(process.pid, signal)
    })
}

function endChildren(): void {
  for (const [child, signal] of children) child.kill(signal)
}
