// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of the sources
import { spawnSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { tempDir } from './helpers/tempDir.ts'

/**
 * Breaks the code on purpose, one fault at a time, in a copy, and tells which promise the model found broken and after how
 * many schedules: `npm run mutations`. A mutation that survives is a hole in the model, and fails the run.
 */
interface Mutation {
  name: string
  file: string
  find: string
  replace: string
}

const STEP = 'src/store/step.ts'
const CONVERGE = 'src/indexer/converge.ts'
const FANOUT = 'src/http/stream/fanout.ts'

const mutations: Mutation[] = [
  {
    name: 'advance without compare-and-set',
    file: STEP,
    find: `where revision = \${value('revision', 'bigint')} returning 1),
    \${insert('blocks'`,
    replace: `where id = 1 returning 1),
    \${insert('blocks'`,
  },
  {
    name: 'rewind without compare-and-set',
    file: STEP,
    find: `where revision = \${value('revision', 'bigint')} returning 1),
    -- its`,
    replace: `where id = 1 returning 1),
    -- its`,
  },
  {
    name: 'the revision does not grow with a rewind',
    file: STEP,
    find: `(has: { jobs: boolean; feed: boolean }) => sql\`
    with moved as (
      update \${cursor} set
        revision = revision + 1`,
    replace: `(has: { jobs: boolean; feed: boolean }) => sql\`
    with moved as (
      update \${cursor} set
        revision = revision + 0`,
  },
  {
    name: 'a removed entry is forgotten',
    file: STEP,
    find: "feedEntries('job_removed', gone, from.lastId)",
    replace: "feedEntries('job_removed', gone.slice(1), from.lastId)",
  },
  {
    name: 'jobs are removed oldest first',
    file: STEP,
    find: 'order by block_number desc, log_index desc`)',
    replace: 'order by block_number, log_index`)',
  },
  {
    name: 'jobs of one block are removed in log order',
    file: STEP,
    find: 'order by block_number desc, log_index desc`)',
    replace: 'order by block_number desc, log_index`)',
  },
  {
    name: 'a rewind leaves the job at the fork',
    file: STEP,
    find: "no_jobs as (delete from jobs using moved where block_number > ${value('number', 'bigint')})",
    replace:
      "no_jobs as (delete from jobs using moved where block_number > ${value('number', 'bigint')} + 1)",
  },
  {
    name: 'a rewind forgets malformed logs',
    file: STEP,
    find: "delete from malformed_logs using moved where block_number > ${value('number', 'bigint')}",
    replace: 'delete from malformed_logs using moved where block_number < 0',
  },
  {
    name: 'a rewind forgets the tallies',
    file: STEP,
    find: '${has.jobs ? sql`, ${tally}` : sql``}',
    replace: '',
  },
  {
    name: 'a rewind takes the budget off the tallies only',
    file: STEP,
    find: 'sum.jobs += sign',
    replace: 'sum.jobs += sign > 0 ? 1 : 0',
  },
  {
    name: 'ids are used again after a rewind',
    file: STEP,
    find: `  const entries = from.silent ? [] : feedEntries('job_removed', gone, from.lastId)
  const lastId = from.lastId + entries.length`,
    replace: `  const entries = from.silent ? [] : feedEntries('job_removed', gone, from.lastId)
  const lastId = from.lastId`,
  },
  {
    name: 'the feed is published before the commit',
    file: STEP,
    find: '  const statement = advancing({',
    replace:
      "  if (entries.length > 0) await db.rows(templates(() => sql`with moved as (select 1), ${insert('feed', { columns: FEED_COLUMNS })} select 1`)(0)({ feed: JSON.stringify(entries.splice(0)) }))\n  const statement = advancing({",
  },
  {
    name: 'jobs are written before the commit',
    file: STEP,
    find: '  const statement = advancing({',
    replace:
      '  if (step.jobs.length > 0) await db.rows(templates(() => sql`with moved as (select 1), ${insertJobs} select 1`)(0)(columnsOf(step.jobs.splice(0))))\n  const statement = advancing({',
  },
  {
    name: 'history is fed',
    file: STEP,
    find: "const entries = from.silent ? [] : feedEntries('job_created'",
    replace: "const entries = false ? [] : feedEntries('job_created'",
  },
  {
    name: 'the first block after the beginning is silent',
    file: STEP,
    find: 'step.to.number < from.feedFromBlock',
    replace: 'step.to.number <= from.feedFromBlock',
  },
  {
    name: 'the step over the beginning is not cut',
    file: CONVERGE,
    find: 'Math.max(next, cursor.feedFromBlock)',
    replace: 'Math.max(next, cursor.feedFromBlock + 1)',
  },
  {
    name: 'the local chain is pruned one block too far',
    file: STEP,
    find: "where number < least(${value('finalized', 'bigint')}, ${value('number', 'bigint')})",
    replace: "where number < least(${value('finalized', 'bigint')} + 1, ${value('number', 'bigint')})",
  },
  {
    name: 'a block is skipped when several are taken',
    file: CONVERGE,
    find: 'const logs = await logsOf(headers)',
    replace: 'const logs = await logsOf(headers.length > 2 ? headers.slice(1) : headers)',
  },
  {
    name: 'parentHash is ignored at the cursor',
    file: CONVERGE,
    find: '    if (!follows(first, cursor)) return goBack(cursor, head)\n    for (let i = 1',
    replace: '    for (let i = 1',
  },
  {
    name: 'parentHash is ignored between new blocks',
    file: CONVERGE,
    find: 'if (headers[i]?.parentHash !== headers[i - 1]?.hash)',
    replace: 'if (headers[i] === undefined)',
  },
  {
    name: 'parentHash is ignored in final ranges',
    file: CONVERGE,
    find: '    if (!follows(first, cursor)) return goBack(cursor, head)\n    return commit(',
    replace: '    return commit(',
  },
  {
    name: 'empty logs are believed against the bloom',
    file: CONVERGE,
    find: 'bloomMayHold(header.logsBloom, bloomValues))',
    replace: 'header.number < 0)',
  },
  {
    name: 'empty logs are believed at the second look',
    file: CONVERGE,
    find: 'ours.length > 0 || accountsFor(all, bloomValues)',
    replace: 'ours.length > 0 || all.length >= 0',
  },
  {
    name: 'a final range whose end is missing is taken',
    file: CONVERGE,
    find: 'const { first, last, logs } = await ix.source.range(from, to)',
    replace:
      'const { first, last: end, logs } = await ix.source.range(from, to)\n    const last = end ?? (await ix.source.header(to))',
  },
  {
    name: 'logs of another branch are taken',
    file: 'src/indexer/logs.ts',
    find: 'else if (expected !== log.blockHash)',
    replace: 'else if (expected.length !== log.blockHash?.length)',
  },
  {
    name: 'removed logs are taken',
    file: 'src/indexer/logs.ts',
    find: 'if (log.removed) continue',
    replace: '',
  },
  {
    name: 'doubled logs are taken twice',
    file: 'src/indexer/logs.ts',
    find: 'return found.sort(byPosition).filter((log, i) => i === 0 || byPosition(found[i - 1] as RpcLog, log) < 0)',
    replace: 'return found.sort(byPosition)',
  },
  {
    name: 'logs are taken in the order they come',
    file: 'src/indexer/logs.ts',
    find: 'if (inOrder) return found',
    replace: 'if (!inOrder || inOrder) return found',
  },
  {
    name: 'a blockTimestamp of 0x0 is believed',
    file: 'src/indexer/logs.ts',
    find: 'return seconds === 0n ? undefined : seconds.toString()',
    replace: 'return seconds.toString()',
  },
  {
    name: 'malformed logs are dropped',
    file: 'src/indexer/logs.ts',
    find: 'malformed.push({ log, reason: error.message })',
    replace: '',
  },
  {
    name: 'a branch that is not longer is not noticed',
    file: CONVERGE,
    find: "return !tip || !local || local === tip.hash ? 'caught-up' : goBack(cursor, head)",
    replace: "return 'caught-up'",
  },
  {
    name: 'a block a lagging node lacks counts as gone',
    file: CONVERGE,
    find: 'if (!header && block.number <= head.number)',
    replace: 'if (!header && block.number < -9)',
  },
  {
    name: 'another chain is not told by its genesis',
    file: CONVERGE,
    find: `    await ix.source.identify(chainOf(cursor))
    const local`,
    replace: '    const local',
  },
  {
    name: "another chain's finalized block is remembered",
    file: CONVERGE,
    find: 'if (!ours) return',
    replace: '',
  },
  {
    name: "another chain's genesis block follows ours",
    file: CONVERGE,
    find: 'first.number === 0 ? first.hash === cursor.genesisHash : first',
    replace: 'first',
  },
  {
    name: 'a refused range near the head is asked for again and again',
    file: CONVERGE,
    find: 'if (!(error instanceof RangeRefusedError)) throw error',
    replace: 'if (error) throw error',
  },
  {
    name: 'the lease is given to whoever asks',
    file: 'src/store/cursor.ts',
    find: '(indexer is null or indexer = ${me}::text or',
    // The model knows the statement by its first words.
    replace: '(indexer is null or true or indexer = ${me}::text or',
  },
  {
    name: 'a lease of the future never ends',
    file: 'src/store/cursor.ts',
    find: 'abs(extract(epoch from clock_timestamp() - checked_at))',
    replace: 'extract(epoch from clock_timestamp() - checked_at)',
  },
  {
    name: 'the feed is pruned one entry too far',
    file: 'src/store/feedLog.ts',
    find: 'delete from feed where id <= (',
    replace: 'delete from feed where id <= 1 + (',
  },
  {
    name: 'pruning is not remembered',
    file: 'src/store/feedLog.ts',
    find: 'greatest(pruned_id, (select max(id) from gone))',
    replace: 'greatest(pruned_id, 0)',
  },
  {
    name: 'a resumed stream begins one event late (memory)',
    file: 'src/feed.ts',
    find: 'events.slice(id + 1 - first.id, id + 1 - first.id + limit)',
    replace: 'events.slice(id + 2 - first.id, id + 2 - first.id + limit)',
  },
  {
    name: 'memory is said to reach back one event further',
    file: 'src/feed.ts',
    find: 'if (!first || id + 1 < first.id) return undefined',
    replace: 'if (!first || id + 2 < first.id) return undefined',
  },
  {
    name: 'a hole in the store counts as a complete continuation',
    file: 'src/feed.ts',
    find: 'return entries.length > 0 && continues(id, entries) ? entries.map(toEvent) : null',
    replace: 'return entries.length > 0 ? entries.map(toEvent) : null',
  },
  {
    name: 'a look that was overtaken ends every stream',
    file: 'src/feed.ts',
    find: 'next = line.then(() => {',
    replace: 'next = Promise.resolve().then(() => {',
  },
  {
    name: 'a page of the store begins one event early',
    file: 'src/store/feedLog.ts',
    find: "where id > ${sql.placeholder('afterId')}",
    replace: "where id >= ${sql.placeholder('afterId')}",
  },
  {
    name: 'a stalled stream is skipped past what it could not take',
    file: FANOUT,
    find: 'subscriber.stalledAt = 0\n      resume(subscriber)',
    replace:
      'subscriber.stalledAt = 0\n      subscriber.position = feed.lastId() ?? 0\n      resume(subscriber)',
  },
  {
    name: 'a drained stream is not woken',
    file: FANOUT,
    find: 'subscriber.stalledAt = 0\n      resume(subscriber)',
    replace: 'subscriber.stalledAt = 0',
  },
  {
    name: 'a wake is the only way to hear of events',
    file: 'src/feed.ts',
    find: 'wanted = Math.max(wanted, position.lastId)\n    block = position.blockNumber ?? 0\n    forget(',
    replace: 'block = position.blockNumber ?? 0\n    forget(',
  },
]

const { values } = parseArgs({
  options: {
    /** only mutations whose name holds this */
    only: { type: 'string', default: '' },
    count: { type: 'string', default: '4000' },
    seed: { type: 'string', default: '1' },
  },
})

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = await tempDir()
for (const name of ['src', 'abi', 'test', 'drizzle', 'package.json', 'tsconfig.json'])
  cpSync(join(root, name), join(copy.path, name), { recursive: true })
symlinkSync(join(root, 'node_modules'), join(copy.path, 'node_modules'))

const survived: string[] = []
console.log('| broken on purpose | caught by | after schedules |\n|---|---|---|')
for (const { name, file, find, replace } of mutations.filter((each) => each.name.includes(values.only))) {
  const path = join(copy.path, file)
  const original = readFileSync(path, 'utf8')
  const places = original.split(find).length - 1
  if (places !== 1) throw new Error(`"${name}" fits ${places} places in ${file}, and must fit one`)
  writeFileSync(
    path,
    original.replace(find, () => replace),
  )
  const run = spawnSync(
    process.execPath,
    [
      '--import',
      import.meta.resolve('tsx'),
      join(copy.path, 'test/soak.ts'),
      '--json',
      '--count',
      values.count,
      '--seed',
      values.seed,
    ],
    { encoding: 'utf8', cwd: copy.path, timeout: 600_000 },
  )
  writeFileSync(path, original)
  const line = run.stdout.trim().split('\n').at(-1) ?? ''
  if (!line.startsWith('{')) throw new Error(`"${name}": the model did not run: ${run.stderr}`)
  const { schedules, failed } = JSON.parse(line)
  if (!failed) survived.push(name)
  console.log(
    `| ${name} | ${failed ? (failed.invariant === 'Error' ? failed.message : failed.invariant).slice(0, 100) : '**survived**'} | ${schedules} |`,
  )
}
await copy.remove()
if (survived.length > 0) throw new Error(`the model did not notice: ${survived.join('; ')}`)
