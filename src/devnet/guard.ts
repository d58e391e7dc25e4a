import type { ChildProcess } from 'node:child_process'
import { onExit } from 'signal-exit'

/**
 * Ends a child process when this process ends: through process.exit(), an uncaught error, or a signal without
 * a handler. After a SIGKILL of this process the child keeps running.
 * @param signal sent to the child; pass another signal than SIGKILL if the child has processes or files to
 * clean up
 */
export function endWithParent(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): void {
  const unregister = onExit(() => {
    child.kill(signal)
  })
  child.once('exit', unregister)
}
