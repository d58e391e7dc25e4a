import swagger from '@fastify/swagger'
import { version } from '../version.ts'
import type { Instance } from './instance.ts'

const introduction = `Jobs of an on-chain marketplace, as history and as a live stream.

Integers that can exceed 2^53 (uint256 ids, block numbers, unix seconds of the chain) are decimal strings.
Filters are the same on the history and on the stream: values of one parameter are comma-separated and OR'd, parameters
are AND'd.

From the history to the stream without a gap or a duplicate: read \`/api/v1/jobs\`, then open
\`/api/v1/events?lastEventId=\` with the \`lastEventId\` of that answer.`

/**
 * `GET /openapi.json`: the OpenAPI document, generated from the schemas of the routes. Register it before
 * the routes.
 */
export async function openapi(app: Instance): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Jobcast',
        version,
        description: introduction,
        contact: { name: 'the operator of this server' },
        license: { name: 'MIT', identifier: 'MIT' },
      },
      servers: [{ url: '/', description: 'this server' }],
      tags: [
        { name: 'jobs', description: 'the history and the stream' },
        { name: 'status', description: 'the contract, and how far it is indexed' },
        { name: 'operation', description: 'for probes and monitoring' },
      ],
      components: {
        securitySchemes: {
          header: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          bearer: { type: 'http', scheme: 'bearer' },
          query: { type: 'apiKey', in: 'query', name: 'api_key' },
        },
      },
      // The empty requirement comes first: no key is needed unless the operator set API_KEYS.
      security: [{}, { header: [] }, { bearer: [] }, { query: [] }],
    },
    refResolver: { buildLocalReference: (json) => String(json.$id) },
  })
  let document: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    document ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(document)
  })
}
