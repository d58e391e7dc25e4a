import { execFileSync, spawn } from 'node:child_process'
import { chmod, readFile, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import getPort from 'get-port'
import { endWithParent } from '../../src/devnet/guard.ts'
import { didStart } from './didStart.ts'
import { tempDir } from './tempDir.ts'
import { until } from './until.ts'

const deploy = fileURLToPath(new URL('../../deploy/nginx/', import.meta.url))

export interface Nginx {
  url: string
  stop(): Promise<void>
}

/**
 * Starts nginx in front of servers with its defaults: it buffers responses, speaks HTTP/1.0 to the servers,
 * and uses the next server if one is down.
 */
export function startDefaultNginx(urls: string[]): Promise<Nginx> {
  return startNginx('http', async (folder, port) => {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    return `daemon off;
pid ${folder}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join('\n  ')}
  upstream jobcast {
    ${urls.map((url) => `server ${new URL(url).host};`).join('\n    ')}
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://jobcast;
    }
  }
}
`
  })
}

/**
 * Starts nginx with the files of deploy/nginx, in which only addresses, paths and the number of workers are
 * replaced. Its certificate is self-signed.
 */
export function startDeployedNginx(backends: [string, string]): Promise<Nginx> {
  return startNginx('https', async (folder, port) => {
    const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request =
      'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost'
    execFileSync('openssl', [...request.split(' '), '-keyout', key, '-out', certificate], { stdio: 'ignore' })
    const server = put(await readFile(join(deploy, 'jobcast.conf'), 'utf8'), {
      'jobcast-api-1:3000': new URL(backends[0]).host,
      'jobcast-api-2:3000': new URL(backends[1]).host,
      'listen 443': `listen 127.0.0.1:${port}`,
      '/etc/nginx/tls/fullchain.pem': certificate,
      '/etc/nginx/tls/privkey.pem': key,
    })
    await writeFile(join(folder, 'jobcast.conf'), server)
    return put(await readFile(join(deploy, 'nginx.conf'), 'utf8'), {
      '/etc/nginx/conf.d/*.conf': join(folder, 'jobcast.conf'),
      'worker_processes auto;': `worker_processes 1; daemon off; pid ${folder}/nginx.pid;`,
    })
  })
}

/** Starts the system's nginx in the foreground with a configuration that listens on a free port. */
async function startNginx(
  scheme: 'http' | 'https',
  configure: (folder: string, port: number) => Promise<string>,
): Promise<Nginx> {
  const { path: folder, remove } = await tempDir()
  // Workers may run as another user than the master.
  await chmod(folder, 0o755)
  const port = await getPort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, await configure(folder, port))
  const child = spawn('nginx', ['-p', folder, '-e', 'stderr', '-c', file], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  // A SIGKILL would leave its workers running.
  endWithParent(child, 'SIGQUIT')
  let output = ''
  child.stderr.on('data', (chunk) => {
    output = (output + chunk).slice(-2_000)
  })
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  const stop = async () => {
    child.kill('SIGTERM')
    await ended
    await remove()
  }
  const listens = until(() => isListening(port), { message: 'nginx listens' })
  if (await didStart(listens, ended)) return { url: `${scheme}://127.0.0.1:${port}`, stop }
  await stop()
  throw new Error(`nginx did not start: ${output}`)
}

/**
 * Replaces texts.
 * @throws Error if the file lacks one of them: the test would then run with an unchanged setting
 */
function put(text: string, values: Record<string, string>): string {
  let result = text
  for (const [name, value] of Object.entries(values)) {
    if (!result.includes(name)) throw new Error(`there is no "${name}" in the configuration`)
    result = result.replaceAll(name, value)
  }
  return result
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
