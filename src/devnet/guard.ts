import type { ChildProcess } from 'node:child_process'
import { onExit } from 'signal-exit'

/**
 * Ends a child process when this process ends: by process.exit(), an uncaught error or a signal that nothing else handles.
 * After a SIGKILL of this process the child keeps running.
 * @param signal the child's; SIGKILL unless it has children or files of its own to clean up
 */
export function endWithParent(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  const ended = onExit(() => {
    child.kill(signal)
  })
  child.once('exit', ended)
}
