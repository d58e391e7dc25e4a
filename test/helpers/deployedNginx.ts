import { execFileSync, spawn } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import getPort from 'get-port'
import { endWithParent } from '../../src/devnet/guard.ts'
import { tempDir } from './tempDir.ts'
import { until } from './until.ts'

const deploy = fileURLToPath(new URL('../../deploy/nginx/', import.meta.url))

export interface Nginx {
  /** an https URL, with a self-signed certificate */
  url: string
  stop(): Promise<void>
}

/** Starts the system's nginx with the files of deploy/nginx. Only addresses and paths are replaced. */
export async function startNginx(backends: [string, string]): Promise<Nginx> {
  const dir = await tempDir()
  await chmod(dir.path, 0o755)
  const at = (name: string) => join(dir.path, name)
  const port = await getPort()
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-days',
        '2',
      ],
      ...['-subj', '/CN=localhost', '-keyout', at('key.pem'), '-out', at('cert.pem')],
    ],
    { stdio: 'ignore' },
  )
  const server = put(await readFile(join(deploy, 'jobcast.conf'), 'utf8'), {
    'jobcast-api-1:3000': new URL(backends[0]).host,
    'jobcast-api-2:3000': new URL(backends[1]).host,
    'listen 443': `listen 127.0.0.1:${port}`,
    '/etc/nginx/tls/fullchain.pem': at('cert.pem'),
    '/etc/nginx/tls/privkey.pem': at('key.pem'),
  })
  await writeFile(at('jobcast.conf'), server)
  const main = put(await readFile(join(deploy, 'nginx.conf'), 'utf8'), {
    '/etc/nginx/conf.d/*.conf': at('jobcast.conf'),
    'worker_processes auto;': `worker_processes 1; daemon off; pid ${at('nginx.pid')};`,
  })
  await writeFile(at('nginx.conf'), main)
  const child = spawn('nginx', ['-p', dir.path, '-e', at('error.log'), '-c', at('nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  endWithParent(child, 'SIGQUIT')
  let output = ''
  child.stderr.on('data', (chunk) => {
    output += chunk
  })
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  await until(
    () => {
      if (child.exitCode !== null) throw new Error(`nginx did not start: ${output}`)
      return listens(port)
    },
    { message: 'nginx listens' },
  )
  return {
    url: `https://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      await ended
      await dir.remove()
    },
  }
}

/** Replaces texts. @throws Error if the file lacks one of them: the test would then run with an unchanged setting */
function put(text: string, values: Record<string, string>): string {
  let result = text
  for (const [name, value] of Object.entries(values)) {
    if (!result.includes(name)) throw new Error(`there is no "${name}" in the configuration`)
    result = result.replaceAll(name, value)
  }
  return result
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
