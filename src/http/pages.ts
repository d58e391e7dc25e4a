import { readdir, readFile } from 'node:fs/promises'
import { extname } from 'node:path'
import helmet from '@fastify/helmet'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'

const contentTypes: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
}

/** Options of helmet. Headers that only work over TLS are left to the proxy that terminates it. */
const security = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      connectSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
  },
  strictTransportSecurity: false,
  crossOriginOpenerPolicy: false,
  originAgentCluster: false,
}

/** Placeholder of the job's id in job.html. The server fills it in, because a link preview runs no script. */
const JOB_ID = '{{job}}'

interface Asset {
  body: string
  contentType: string
}

/**
 * `GET /` (the live page), `GET /jobs/:jobId` (a job's page), `GET /docs` (the reference of the API), and
 * their styles, modules and icon under `/page/`. They need no key, because they hold no jobs: their scripts
 * read them from the API.
 */
export const pages: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(helmet, security)
  // The links of a page are relative to its folder, so its address must not end with a slash. The root is
  // excepted: a request may name it as http://host/, in which the regular expression would match the host.
  app.addHook('preHandler', async ({ url, routeOptions }, reply) => {
    if (routeOptions.url === '/') return
    const [, last, query = ''] = /^[^?]*\/([^/?]+)\/(\?.*)?$/.exec(url) ?? []
    if (last !== undefined) return reply.redirect(`../${last}${query}`)
  })

  const { 'index.html': home, 'docs.html': docs, 'job.html': job, ...others } = await readAssets()
  if (!home || !docs || !job) throw new Error('a page is missing in src/page')
  const files = new Map(Object.entries(others))
  const schema = { hide: true }
  app.get('/', { schema }, async (_request, reply) => sendAsset(reply, home))
  app.get('/docs', { schema }, async (_request, reply) => sendAsset(reply, docs))
  app.get(
    '/jobs/:jobId',
    { schema: { ...schema, params: Type.Object({ jobId: Type.String() }) } },
    async ({ params }, reply) =>
      sendAsset(reply, { ...job, body: job.body.replaceAll(JOB_ID, () => displayedId(params.jobId)) }),
  )
  // Without a rate limit, since one visit of the live page needs some 45 files.
  app.get(
    '/page/:name',
    { schema: { ...schema, params: Type.Object({ name: Type.String() }) }, config: { rateLimit: false } },
    async ({ params }, reply) => {
      const file = files.get(params.name)
      return file ? sendAsset(reply, file) : reply.callNotFound()
    },
  )
}

/**
 * Returns the id as HTML text; empty if no contract can have such an id: 80 characters are more than any
 * uint256, address or bytes32 has.
 */
function displayedId(jobId: string): string {
  return /^[0-9a-zA-Z-]{1,80}$/.test(jobId) ? jobId : ''
}

async function readAssets(): Promise<Record<string, Asset>> {
  // The package's import map finds the folder from src/ and from dist/ alike.
  const folder = new URL('.', import.meta.resolve('#root/src/page/index.html'))
  const assets: Record<string, Asset> = {}
  for (const name of await readdir(folder)) {
    const contentType = contentTypes[extname(name)]
    if (contentType === undefined) throw new Error(`no content type for ${name}`)
    assets[name] = { body: await readFile(new URL(name, folder), 'utf8'), contentType }
  }
  return assets
}

function sendAsset(reply: FastifyReply, { body, contentType }: Asset): FastifyReply {
  return reply.type(contentType).send(body)
}
