import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
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
  // A new version must never meet yesterday's module; the ETag makes asking cheap.
  'cache-control': 'no-cache',
}

interface Asset {
  body: Buffer
  type: string
  etag: string
}

/** The live page: `GET /`, and its style, modules, icon and chart library under `/page/`. */
export async function page(app: FastifyInstance): Promise<void> {
  for (const [url, asset] of await readAssets())
    app.get(url, { schema: { hide: true } }, (request, reply) => send(asset, request, reply))
}

async function readAssets(): Promise<Map<string, Asset>> {
  // By the package's import map, so that the folder is found from src/ and from dist/ alike.
  const folder = new URL('.', import.meta.resolve('#root/src/page/index.html'))
  const require = createRequire(import.meta.url)
  const assets = new Map<string, Asset>()
  for (const name of await readdir(folder))
    assets.set(name === 'index.html' ? '/' : `/page/${name}`, await readAsset(new URL(name, folder)))
  assets.set('/page/uplot.js', await readAsset(require.resolve('uplot/dist/uPlot.iife.min.js')))
  assets.set('/page/uplot.css', await readAsset(require.resolve('uplot/dist/uPlot.min.css')))
  return assets
}

async function readAsset(file: string | URL): Promise<Asset> {
  const body = await readFile(file)
  const type = types[extname(file.toString())]
  if (type === undefined) throw new Error(`no content type for ${file}`)
  // Of the content, not of the file's time: npm gives every file of a package the same one.
  return { body, type, etag: etagOf(body) }
}

function send(asset: Asset, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers(headers).header('etag', asset.etag)
  if (isKnown(request.headers['if-none-match'], asset.etag)) return reply.code(304).send()
  return reply.type(asset.type).send(asset.body)
}
