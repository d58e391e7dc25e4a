import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { etagOf, isKnown } from './caching.ts'

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

const headers = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  // The page's address can carry an API key.
  'referrer-policy': 'no-referrer',
  // A new version must never load a module of the old one. The ETag makes asking cheap.
  'cache-control': 'no-cache',
}

/** Stands for the job's id in job.html: a link preview runs no script. */
const JOB = '{{job}}'
/** Longer than any uint256, address or bytes32. */
const LONGEST_ID = 80

interface Asset {
  body: string
  type: string
}

/**
 * `GET /` (the live page), `GET /jobs/:jobId` (a job's page), `GET /docs` (the reference of the API), and their styles,
 * modules and icon under `/page/`. The pages need no key: what they show they read from the API.
 */
export async function page(app: FastifyInstance): Promise<void> {
  const hidden = { schema: { hide: true } }
  const assets = await readAssets()
  const job = assets.get('job.html') as Asset
  app.get<{ Params: { jobId: string } }>('/jobs/:jobId', hidden, (request, reply) => {
    const { url, params } = request
    const [path = '', query] = url.split('?', 2)
    // The page's links are relative to its folder.
    if (path.endsWith('/'))
      return reply.redirect(`../${encodeURIComponent(params.jobId)}${query ? `?${query}` : ''}`)
    return send({ ...job, body: job.body.replaceAll(JOB, () => shownId(params.jobId)) }, request, reply)
  })
  app.get('/docs', hidden, (request, reply) => {
    const [path = '', query] = request.url.split('?', 2)
    if (path.endsWith('/')) return reply.redirect(`../docs${query ? `?${query}` : ''}`)
    return send(assets.get('docs.html') as Asset, request, reply)
  })
  for (const [name, asset] of assets)
    if (name !== 'job.html' && name !== 'docs.html')
      app.get(name === 'index.html' ? '/' : `/page/${name}`, hidden, (request, reply) =>
        send(asset, request, reply),
      )
}

/** The id as HTML text; anything that no id of a contract looks like is left out. */
function shownId(jobId: string): string {
  return jobId.length <= LONGEST_ID && /^[0-9a-zA-Z-]+$/.test(jobId) ? jobId : ''
}

async function readAssets(): Promise<Map<string, Asset>> {
  // By the package's import map, so that the folder is found from src/ and from dist/ alike.
  const folder = new URL('.', import.meta.resolve('#root/src/page/index.html'))
  const assets = new Map<string, Asset>()
  for (const name of await readdir(folder)) {
    const type = types[extname(name)]
    if (type === undefined) throw new Error(`no content type for ${name}`)
    assets.set(name, { body: await readFile(new URL(name, folder), 'utf8'), type })
  }
  return assets
}

function send({ body, type }: Asset, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  // Of the content, not of the file's time: npm gives every file of a package the same one.
  const etag = etagOf(body)
  reply.headers(headers).header('etag', etag)
  if (isKnown(request.headers['if-none-match'], etag)) return reply.code(304).send()
  return reply.type(type).send(body)
}
