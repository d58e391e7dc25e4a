import { spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import getPort from 'get-port'
import { endWithParent } from '../../src/devnet/guard.ts'
import { tempDir } from './tempDir.ts'
import { until } from './until.ts'

/**
 * Starts nginx in front of servers with its defaults: it buffers responses, speaks HTTP/1.0 to the servers, and uses
 * the next server if one is down.
 */
export async function startNginx(urls: string[]): Promise<{ url: string; stop(): Promise<void> }> {
  const dir = await tempDir()
  const port = await getPort()
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    join(dir.path, 'nginx.conf'),
    `daemon off;
pid ${dir.path}/nginx.pid;
events {}
http {
  access_log off;
  ${temporary.map((name) => `${name}_temp_path ${dir.path}/${name};`).join('\n  ')}
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
`,
  )
  const child = spawn('nginx', ['-p', dir.path, '-c', join(dir.path, 'nginx.conf'), '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  })
  endWithParent(child)
  const ended = new Promise((resolve) => child.once('exit', resolve).once('error', resolve))
  let output = ''
  child.stderr?.on('data', (text) => {
    output = (output + text).slice(-2_000)
  })
  const url = `http://127.0.0.1:${port}`
  const answers = () =>
    fetch(`${url}/health`).then(
      ({ ok }) => ok,
      () => false,
    )
  await until(answers, { message: 'nginx answers' }).catch((error) => {
    throw new Error(`${error.message}\n${output}`)
  })
  return {
    url,
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM')
      await ended
      await dir.remove()
    },
  }
}
