import { type Static, Type } from 'typebox'
import { freshness } from '../events.ts'
import { freshnessOf, indexedOf } from '../feed/freshness.ts'
import { memoize } from '../memoize.ts'
import { lagBlocks, lagSeconds } from '../store/lag.ts'
import { readTallies } from '../store/tallies.ts'
import { KeyQuery } from './auth.ts'
import type { ServerDependencies } from './dependencies.ts'
import { dataResponses } from './errors.ts'
import type { Instance } from './instance.ts'
import { addUp, groupByField } from './tallySums.ts'

/** The tallies are read at most once in this time. */
const STATS_MS = 1_000

const tally = {
  jobs: Type.Integer({ examples: [12] }),
  amount: Type.Union([Type.String(), Type.Null()], {
    description:
      "the contract's amounts added up; null if it has none, or if jobs may count in different units",
    examples: ['1200.000000'],
  }),
}
const ChoiceValue = Type.String({
  description: 'value of the field that /api/v1/config names in `choice`; empty if the field is null',
  examples: ['PROGRAM'],
})

const StatsData = Type.Object({
  totalJobs: Type.Integer({ examples: [12] }),
  totalAmount: tally.amount,
  byStatus: Type.Array(Type.Object({ status: Type.String({ examples: ['OPEN'] }), ...tally }), {
    description: 'statuses without jobs are left out',
  }),
  byChoice: Type.Array(Type.Object({ choice: ChoiceValue, ...tally }), {
    description: 'of all time; values without jobs are left out',
  }),
  hours: Type.Array(
    Type.Object({
      hour: Type.String({ description: 'unix seconds at which the hour begins', examples: ['1780002000'] }),
      choice: ChoiceValue,
      ...tally,
    }),
    {
      description: 'jobs by hour of creation, the last 7 days, oldest first; hours without jobs are left out',
    },
  ),
  ...freshness,
  headBlockNumber: Type.String({
    description: "the chain's head when an indexer last read it",
    examples: ['123458'],
  }),
  lagBlocks: Type.Integer({
    description: 'blocks between the indexed block and the block CONFIRMATIONS below the head',
    examples: [2],
  }),
  lagSeconds: Type.Integer({ description: 'seconds of chain time between these blocks', examples: [24] }),
  syncing: Type.Boolean({
    description: "true while the contract's past is indexed for the first time: jobs are missing",
    examples: [false],
  }),
  streams: Type.Integer({ description: 'open streams of the process that answered', examples: [118] }),
})

/**
 * `GET /api/v1/stats`: totals, a series by hour, and the lag of the index.
 * @param streams number of this process's open streams
 */
export function statsRoute(app: Instance, streams: () => number, dependencies: ServerDependencies): void {
  const getStats = memoize(() => readStats(dependencies), STATS_MS)
  const schema = {
    operationId: 'getStats',
    summary: 'Totals, a series by hour, and the lag of the index',
    description: 'The database is read at most once a second, however many clients ask.',
    tags: ['status'],
    querystring: KeyQuery,
    response: dataResponses(StatsData, 'the statistics'),
  }
  app.get('/api/v1/stats', { schema }, async (_request, reply) =>
    reply.send({ success: true, data: { ...(await getStats()), streams: streams() } }),
  )
}

async function readStats({
  config: { confirmations },
  contract,
  db,
  readState,
}: ServerDependencies): Promise<Omit<Static<typeof StatsData>, 'streams'>> {
  const [state, { totals, hours }] = await Promise.all([readState(), readTallies(db)])
  const { choice, statuses, sum } = contract
  const all = addUp(totals, sum)
  return {
    totalJobs: all.jobs,
    totalAmount: all.amount,
    byStatus: groupByField(totals, 'status', sum)
      .map(({ value, ...group }) => ({ status: value, ...group }))
      .sort((a, b) => statuses.indexOf(a.status) - statuses.indexOf(b.status)),
    byChoice: choice
      ? groupByField(totals, choice.name, sum).map(({ value, ...group }) => ({ choice: value, ...group }))
      : [],
    hours: hours.map((hour) => ({ ...hour, ...addUp([hour], sum) })),
    ...freshnessOf(indexedOf(state)),
    headBlockNumber: String(state.headNumber ?? 0),
    lagBlocks: lagBlocks(state, confirmations),
    lagSeconds: lagSeconds(state, confirmations),
    syncing: state.silent,
  }
}
