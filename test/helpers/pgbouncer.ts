import { spawn } from 'node:child_process'
import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import getPort from 'get-port'
import postgres from 'postgres'
import { endWithParent } from '../../src/devnet/guard.ts'
import { didStart } from './didStart.ts'
import { tempDir } from './tempDir.ts'
import { until } from './until.ts'

export interface Pgbouncer {
  /** The URL of the same database through the pooler. */
  through(url: string): string
  stop(): Promise<void>
}

/** Starts the system's pgbouncer in transaction mode in front of a Postgres on this machine. */
export async function startPgbouncer(postgresPort: number): Promise<Pgbouncer> {
  const dir = await tempDir()
  const port = await getPort()
  await chmod(dir.path, 0o755)
  const file = join(dir.path, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=127.0.0.1 port=${postgresPort} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`,
  )
  // pgbouncer refuses to run as root.
  const user = process.getuid?.() === 0 ? ['-u', 'nobody'] : []
  const child = spawn('pgbouncer', [...user, file], { stdio: 'ignore', detached: true })
  endWithParent(child)
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  const through = (url: string) => {
    const other = new URL(url)
    other.port = String(port)
    return other.href
  }
  const stop = async () => {
    child.kill('SIGKILL')
    await ended
    await dir.remove()
  }
  const answers = until(
    async () => {
      const sql = postgres(through(`postgres://postgres@127.0.0.1:${postgresPort}/postgres`), {
        max: 1,
        prepare: false,
      })
      return (await sql`select 1`.finally(() => sql.end())).length
    },
    { message: 'pgbouncer answers' },
  )
  if (await didStart(answers, ended)) return { through, stop }
  await stop()
  throw new Error('pgbouncer did not start')
}
