import { type Static, type TSchema, Type } from 'typebox'
import type { Chain } from 'viem'
import type { Contract } from '../contract/define.ts'
import { kindNames } from '../contract/kind.ts'
import { KeyQuery } from './auth.ts'
import type { ServerDependencies } from './dependencies.ts'
import { dataResponses } from './errors.ts'
import type { Instance } from './instance.ts'

const orNull = <T extends TSchema>(type: T, options: object = {}) =>
  Type.Union([type, Type.Null()], { description: 'null until the chain is reached', ...options })

const ContractData = Type.Object(
  {
    name: Type.String({ examples: ['job-registry'] }),
    statuses: Type.Array(Type.String(), {
      description: "in the order of a job's life",
      examples: [['OPEN', 'FUNDED']],
    }),
    fields: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['budget'] }),
        kind: Type.String({ enum: [...kindNames] }),
        nullable: Type.Boolean(),
        role: Type.Boolean({ description: 'true if the field names a participant of the job' }),
        decimals: Type.Optional(Type.Integer({ description: 'fraction digits of an amount' })),
        unit: Type.Optional(Type.String({ description: 'the unit of an amount', examples: ['USDC'] })),
        values: Type.Optional(Type.Array(Type.Unknown(), { description: 'known values of a choice' })),
        about: Type.Optional(Type.String()),
      }),
      { description: 'fields of the job object, in the order they are sent' },
    ),
    filters: Type.Array(
      Type.Object({
        name: Type.String({ examples: ['status'] }),
        kind: Type.String({
          enum: ['list', 'min', 'max'],
          description:
            'list: one of the fields has one of the values given; min, max: inclusive bounds of the field',
        }),
        fields: Type.Array(Type.String()),
        takes: Type.String({ description: 'the accepted values, in words' }),
      }),
      { description: 'query parameters that select jobs, the same for the history and the stream' },
    ),
    choice: Type.Union([Type.String(), Type.Null()], {
      description: 'the field that /api/v1/stats groups by',
    }),
    sum: Type.Union([Type.String(), Type.Null()], { description: 'the amount that /api/v1/stats adds up' }),
  },
  { description: "the contract's definition" },
)

const ConfigData = Type.Object({
  chainId: orNull(Type.Integer(), { examples: [1] }),
  chainName: orNull(Type.String(), { description: 'null if the chain is unknown', examples: ['Ethereum'] }),
  explorerUrl: orNull(Type.String(), {
    description: "the chain's block explorer; null if it is unknown",
    examples: ['https://etherscan.io'],
  }),
  contractAddress: orNull(Type.String(), { examples: [`0x${'12'.repeat(20)}`] }),
  contract: ContractData,
  startBlock: orNull(Type.String(), { examples: ['1000'] }),
  feedRetentionSeconds: Type.Integer({ description: '0: streams cannot be resumed', examples: [3600] }),
  keepaliveSeconds: Type.Integer({ description: 'seconds of silence before a ping', examples: [30] }),
})

/** `GET /api/v1/config`: the chain, the contract's definition and the settings of streams. */
export function configRoute(app: Instance, dependencies: ServerDependencies): void {
  const schema = {
    operationId: 'getConfig',
    summary: 'The chain, the contract and the settings of streams',
    description:
      'With the fields and filters of the contract, so that a client need not know them in advance.',
    tags: ['status'],
    querystring: KeyQuery,
    response: dataResponses(ConfigData, 'the chain, the contract and the settings of streams'),
  }
  app.get('/api/v1/config', { schema }, async (_request, reply) =>
    reply.send({ success: true, data: await readConfig(dependencies) }),
  )
}

async function readConfig({
  config,
  contract,
  readState,
}: ServerDependencies): Promise<Static<typeof ConfigData>> {
  const { chainId, contractAddress, startBlock } = await readState()
  const chain = chainId === null ? undefined : await findChain(chainId)
  return {
    chainId,
    chainName: chain?.name ?? null,
    explorerUrl: chain?.blockExplorers?.default.url.replace(/\/$/, '') ?? null,
    contractAddress,
    contract: contractData(contract),
    startBlock: startBlock === null ? null : String(startBlock),
    feedRetentionSeconds: config.feedRetentionSeconds,
    keepaliveSeconds: config.keepaliveSeconds,
  }
}

function contractData({ name, statuses, fields, filters, choice, sum }: Contract) {
  return {
    name,
    statuses,
    fields: fields.map(({ name, kind, nullable = false, role = false, decimals, unit, values, about }) => ({
      name,
      kind,
      nullable,
      role,
      ...(decimals !== undefined && { decimals }),
      ...(unit !== undefined && { unit }),
      ...(values && { values: [...values] }),
      ...(about !== undefined && { about }),
    })),
    filters: filters.map(({ name, operator, fields, parameter }) => ({
      name,
      kind: operator,
      fields,
      takes: parameter.takes,
    })),
    choice: choice?.name ?? null,
    sum: sum?.name ?? null,
  }
}

/**
 * Returns the chain of an id, if viem knows it. viem's list has 700 modules, so it is loaded when
 * first needed.
 */
async function findChain(id: number): Promise<Chain | undefined> {
  return Object.values(await import('viem/chains')).find((chain) => chain.id === id)
}
