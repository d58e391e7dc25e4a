// biome-ignore-all lint/suspicious/noTemplateCurlyInString: pieces of the sources
import type { Mutation } from './mutations.ts'

type Fault = [place: string, name: string, find: string, replace: string]

const STEP: Fault[] = [
  [
    'with moved',
    'a step without compare-and-set',
    'where revision = ${param(from.revision)} and last_id = ${param(from.lastId)}',
    'where true',
  ],
  [
    'with moved',
    'the revision does not grow with a rewind',
    'revision = revision + 1',
    'revision = revision + ${to.blockNumber < from.blockNumber ? 0 : 1}',
  ],
  [
    'with removed_jobs',
    'a rewind does not delete the jobs of one block',
    '> ${target}',
    '> ${target}::bigint + 1',
  ],
  [
    'with removed_changes',
    'a rewind does not delete the changes',
    '> ${target}',
    '> ${target}::bigint + 1000000',
  ],
  [
    'with removed_unapplied',
    'a rewind does not delete the unapplied logs',
    '> ${target}',
    '> ${target}::bigint + 1000000',
  ],
  [
    'with finalized_blocks',
    'the local chain is pruned one block too far',
    'number < (select ${final}::bigint)',
    'number < (select ${final}::bigint) + 1',
  ],
  ['with finalized_blocks', 'a block of the local chain is never pruned', '>= (select', '> (select'],
  [
    'with finalized_changes',
    '`before` is cleared one block too early',
    '<= (select ${final}::bigint)',
    '<= (select ${final}::bigint) + 1',
  ],
  [
    'with finalized_changes',
    '`before` is not cleared in the first block that became final',
    '> (select ${wasFinal}::bigint)',
    '> (select ${wasFinal}::bigint) + 1',
  ],
  [
    'with finalized_changes',
    '`before` is never cleared',
    'before is not null',
    'before is not null and false',
  ],
  [
    'with updated_jobs',
    'a changed job is inserted as a new one',
    'on conflict (block_number, log_index) do update set data = excluded.data, keys = excluded.keys',
    '',
  ],
  [
    'with updated_jobs',
    'a change does not write the values that filters select by',
    'data = excluded.data, keys = excluded.keys',
    'data = excluded.data',
  ],
  [
    'with counted',
    'a removed job stays in the totals',
    'where old_tally_key is not null',
    'where old_tally_key is not null and tally_key is not null',
  ],
  [
    'with counted',
    'a changed job is still counted at its old status',
    'where old_tally_key is not null',
    'where old_tally_key is not null and tally_key is null',
  ],
  [
    'with counted',
    'a removed job reduces only the sum of amounts',
    '-1, -old_amount',
    'case when tally_key is null then 0 else -1 end, -old_amount',
  ],
  [
    'with counted',
    'a changed amount is not subtracted from the totals',
    '-1, -old_amount',
    '-1, case when tally_key is null then -old_amount else 0 end',
  ],
  ['with new_hours', 'the hours are never reduced', 'from counted', 'from counted where jobs >= 0'],
  ['with finalized_changes', 'a conflicted step clears `before`', ' and exists (select from moved)', ''],
  ['with new_changes', 'a conflicted step writes changes', 'from moved, json', 'from json'],
  [
    'statementOf',
    '`before` of the last finalized block is kept',
    'if (final > wasFinal)',
    'if (final > wasFinal + 1)',
  ],
  [
    'commitStep',
    'feed ids are reused after a rewind',
    'from.lastId + entries.length',
    'from.lastId + (step.to.number < from.blockNumber ? 0 : entries.length)',
  ],
  [
    'commitStep',
    'the feed is written before the step commits',
    'const { text, params } = statementOf(',
    `if (entries.length > 0) await db.run('insert into feed (id, type, data, before) select id, type, data, before from json_to_recordset($1::json) as entry (id bigint, type text, data text, before text)', [JSON.stringify(entries.splice(0))])
  const { text, params } = statementOf(`,
  ],
  [
    'commitStep',
    'unapplied logs are written before the step commits',
    'const { text, params } = statementOf(',
    `if (step.unapplied.length > 0) await db.run('insert into unapplied_logs select block_number, log_index, reason, log::json from json_to_recordset($1::json) as unapplied (block_number bigint, log_index int, reason text, log text) on conflict do nothing', [JSON.stringify(step.unapplied.splice(0).map(unappliedRow))])
  const { text, params } = statementOf(`,
  ],
]

const FOLD: Fault[] = [
  [
    'fold',
    'the first sync is fed',
    "if (!silent) folded.entries.push({ type: 'job_created'",
    "folded.entries.push({ type: 'job_created'",
  ],
  ['fold', 'logs are folded newest first', 'for (const log of logs)', 'for (const log of logs.toReversed())'],
  [
    'fold',
    'a change is fed without `before`',
    "type: 'job_updated', data: draftJson(draft), before }",
    "type: 'job_updated', data: draftJson(draft), before: null }",
  ],
  [
    'fold',
    'several changes of a job in one block are fed as one',
    "if (!silent) folded.entries.push({ type: 'job_updated',",
    `if (!silent && !folded.changes.some((other) => other.blockNumber === blockNumber && other.jobBlock === draft.blockNumber && other.jobLog === draft.logIndex))
      folded.entries.push({ type: 'job_updated',`,
  ],
  [
    'fold',
    'a change applies to the stored job of an id, not to the new one',
    "if (!silent) folded.entries.push({ type: 'job_created'",
    "if (stored.has(jobId)) latest.delete(jobId)\n      if (!silent) folded.entries.push({ type: 'job_created'",
  ],
  ['fold', 'a change of an unknown job is dropped', 'folded.unapplied.push({', 'void ({'],
  [
    'fold',
    'a change of an unknown job stops the step',
    'if (!draft) {',
    "if (!draft) {\n      if (jobId !== '') throw new Error('an unknown job')",
  ],
  [
    'fold',
    'a change is stored without `before`',
    'mayBeRewound = blockNumber > finalizedNumber',
    'mayBeRewound = blockNumber > finalizedNumber + 1',
  ],
  ['fold', 'a finalized change is stored with `before`', 'mayBeRewound ? before : null', 'before'],
  [
    'changeOf',
    "a change is stored at its job's position",
    'return { blockNumber, logIndex, jobBlock, jobLog,',
    'return { blockNumber: jobBlock, logIndex: jobLog, jobBlock, jobLog,',
  ],
  ['rewindEntries', 'a removed job is not fed', 'jobs.map(', 'jobs.slice(1).map('],
  [
    'rewindEntries',
    'restored jobs are fed before removed ones',
    'jobs.map(',
    'jobs.toSorted((a, b) => Number(a.after === null) - Number(b.after === null)).map(',
  ],
  [
    'rewindEntries',
    'restored jobs are fed newest first',
    'jobs.map(',
    'jobs.toSorted((a, b) => (a.after && b.after ? b.blockNumber - a.blockNumber || b.logIndex - a.logIndex : 0)).map(',
  ],
  ['rewindEntries', 'restored jobs are fed without `before`', 'before: before.data', 'before: null'],
]

const JOBS: Fault[] = [
  [
    'jobsOfIds',
    'a change applies to the first job of an id',
    'desc(jobs.blockNumber), desc(jobs.logIndex)',
    'asc(jobs.blockNumber), asc(jobs.logIndex)',
  ],
  [
    'readRewind',
    'jobs are removed oldest first',
    'desc(jobs.blockNumber), desc(jobs.logIndex)',
    'asc(jobs.blockNumber), asc(jobs.logIndex)',
  ],
  ['readRewind', 'jobs of one block are removed in log order', 'desc(jobs.logIndex)', 'asc(jobs.logIndex)'],
  [
    'readRewind',
    'a job is restored from its newest change',
    'asc(changes.blockNumber), asc(changes.logIndex)',
    'desc(changes.blockNumber), desc(changes.logIndex)',
  ],
  [
    'readRewind',
    'a job is restored from the last change of the oldest block',
    'asc(changes.blockNumber), asc(changes.logIndex)',
    'asc(changes.blockNumber), desc(changes.logIndex)',
  ],
  ['readRewind', 'a rewind restores nothing', '...restored.map(', '...restored.slice(0, 0).map('],
  [
    'readRewind',
    'a removed job is restored too',
    'gt(changes.blockNumber, blockNumber), lte(changes.jobBlock, blockNumber)',
    'gt(changes.blockNumber, blockNumber), lte(changes.jobBlock, 1e9)',
  ],
]

const CONVERGE: Fault[] = [
  [
    'advance',
    'a range does not end at `feed_from_block`',
    'Math.max(next, cursor.feedFromBlock)',
    'Math.max(next, cursor.feedFromBlock + 1)',
  ],
  [
    'indexHead',
    'a block is skipped if several are read',
    'await state.logsOf(wanted)',
    'await state.logsOf(wanted.length > 2 ? wanted.slice(1) : wanted)',
  ],
  [
    'indexHead',
    'parentHash is ignored at the cursor',
    'if (!follows(wanted[0], cursor)) return rewind(state, cursor, head)',
    '',
  ],
  [
    'indexFinalized',
    'parentHash is ignored in finalized ranges',
    'if (!follows(first, cursor)) return rewind(state, cursor, head)',
    '',
  ],
  [
    'compareTarget',
    'a branch that is not longer goes unnoticed',
    "local === header.hash ? 'caught-up' : rewind(state, cursor, head)",
    "local ? 'caught-up' : rewind(state, cursor, head)",
  ],
  [
    'follows',
    'the genesis block of another chain is accepted as the next block',
    'first.number === 0 ? first.hash === cursor.genesisHash : first',
    'first',
  ],
]

const JOB_READER: Fault[] = [
  [
    'read',
    'jobs in memory outlive a step of another process',
    'cursor.revision !== asOf?.revision || cursor.lastId !== asOf.lastId',
    'asOf === undefined',
  ],
  [
    'keep',
    'jobs in memory lack the latest step',
    'if (after) recent.set(',
    'if (after && !recent.has(after.job.jobId)) recent.set(',
  ],
]

const HEADERS: Fault[] = [
  [
    'assertLinked',
    'parentHash is ignored between new blocks',
    'header.parentHash !== parent.hash',
    'header === undefined',
  ],
]

const HEAD_LOGS: Fault[] = [
  [
    'logsOf',
    'empty logs are accepted in spite of the bloom filter',
    'bloomMayHold(header.logsBloom, [address, topic])',
    'header.number < 0',
  ],
  [
    'logsOf',
    'the bloom check covers only the creating event',
    'topics.filter(',
    'topics.slice(0, 1).filter(',
  ],
  [
    'logsOf',
    'the bloom check ends at the first log found',
    '!found.has(`${header.hash} ${topic}`)',
    '![...found].some((each) => each.startsWith(header.hash))',
  ],
  [
    'logsOf',
    'a step that ends early keeps the logs of the other blocks',
    'Number(blockNumber) < header.number',
    'Number(blockNumber) > 0',
  ],
  [
    'askAgain',
    'empty logs are accepted at the second attempt',
    'await accountsFor(all, [address, ...missing], () => context.pause(0))',
    'all.length >= 0',
  ],
  [
    'readLogsOf',
    'a refused range near the head is requested again and again',
    'if (!mayFitSmaller(error)) throw error',
    'if (error) throw error',
  ],
]

const READ_RANGE: Fault[] = [
  [
    'readRange',
    'a finalized range without its last block is accepted',
    'const { first, last, logs } = await context.source.range(from, to)',
    'const { first, last: end, logs } = await context.source.range(from, to)\n  const last = end ?? (await context.source.header(to))',
  ],
]

const FINALIZED: Fault[] = [
  [
    'readFinalized',
    'the finalized block of another chain is accepted',
    'if (!ours) return latest.number',
    '',
  ],
]

const REWIND: Fault[] = [
  [
    'commonAncestor',
    'a block that a lagging node lacks counts as removed',
    '!header && block.number <= head.number',
    '!header && block.number < -9',
  ],
  ['rewindStep', 'a rewind during the first sync is fed', 'cursor.silent ? [] :', 'false ? [] :'],
  ['rewindStep', "the chain's genesis block is not checked", 'await context.source.checkChain(cursor)', ''],
  [
    'rewindStep',
    'a rewind is read while another process moves the cursor',
    '(await readCursor(context.db))?.revision !== cursor.revision',
    '!cursor',
  ],
]

const LOGS: Fault[] = [
  [
    'checkLogs',
    'logs of another branch are accepted',
    'hash !== log.blockHash',
    'hash.length !== log.blockHash.length',
  ],
  ['checkLogs', 'removed logs are accepted', 'if (log.removed) continue', ''],
  [
    'checkLogs',
    'duplicate logs are accepted',
    '.filter((log, i, sorted) => isAfter(log, sorted[i - 1]))',
    '',
  ],
  ['checkLogs', 'logs are used in the order received', 'inOrder ? found', 'inOrder || !inOrder ? found'],
  ['timestampOf', 'a blockTimestamp of 0x0 is accepted', 'seconds === 0n ? undefined : ', ''],
  [
    'decodeLogs',
    'malformed logs are dropped',
    "malformed.push({ raw: log, cause: 'malformed', reason: error.message })",
    '',
  ],
]

const CONTRACT: Record<string, Fault[]> = {
  'src/contract/values.ts': [
    [
      'decodeAddressOrNull',
      'the zero address is not replaced by null',
      '/^0x0+$/.test(address) ? null : ',
      '',
    ],
    [
      'decodeAddress',
      'a word of more than 20 bytes is accepted as an address',
      '!/^0{24}/.test(hex)',
      'hex.length !== 64',
    ],
  ],
  'src/contract/decode.ts': [
    [
      'assertLengths',
      'a log with too little data is accepted',
      'data.length < 2 + form.words * WORD_DIGITS',
      'data.length < 2',
    ],
  ],
  'src/contract/filters.ts': [
    ['matches', '`participant` must have every role', 'fields.some(', 'fields.every('],
    [
      'isLess',
      'amounts are compared as text',
      'a.length === b.length ? a < b : a.length < b.length',
      'a < b',
    ],
  ],
}

const SERVING: Record<string, Fault[]> = {
  'src/store/cursor.ts': [
    [
      'completesPast',
      'the first block after `feed_from_block` is not fed',
      'blockNumber >= feedFromBlock',
      'blockNumber > feedFromBlock',
    ],
  ],
  'src/store/lease.ts': [
    ['leaseFreeCondition', 'any process that asks gets the lease', 'isNull(cursor.indexer)', 'sql`true`'],
    [
      'leaseFreeCondition',
      'a lease renewed in the future never expires',
      'abs(extract(epoch from clock_timestamp() - ${cursor.renewedAt}))',
      'extract(epoch from clock_timestamp() - ${cursor.renewedAt})',
    ],
    [
      'updateHeld',
      'a heartbeat takes the lease of another process',
      'eq(cursor.indexer, indexerId)',
      'sql`true`',
    ],
    [
      'updateHeld',
      'a heartbeat does not renew the lease',
      '.set(values)',
      '.set({ ...values, renewedAt: cursor.renewedAt })',
    ],
    [
      'acquireLease',
      "acquiring one's own lease renews it",
      'then ${cursor.renewedAt} else',
      'then clock_timestamp() else',
    ],
  ],
  'src/store/feed.ts': [
    ['pruneFeed', 'the feed is pruned one entry too far', 'where id <= (', 'where id <= 1 + ('],
    ['pruneFeed', 'pruning is not recorded', '(select max(id) from pruned)', '0'],
    [
      'entriesAfter',
      'a read of the store begins one event early',
      "gt(feed.id, sql.placeholder('afterId'))",
      "sql`${feed.id} >= ${sql.placeholder('afterId')}`",
    ],
  ],
  'src/store/lifecycle.ts': [
    [
      'jobWithChanges',
      'REST returns the first job of an id',
      'desc(jobs.blockNumber), desc(jobs.logIndex)',
      'asc(jobs.blockNumber), asc(jobs.logIndex)',
    ],
    [
      'jobWithChanges',
      "the lifecycle has only the changes of the job's block",
      'eq(changes.jobLog, latest.logIndex)',
      'eq(changes.jobLog, latest.logIndex), eq(changes.blockNumber, latest.blockNumber)',
    ],
  ],
  'src/feed/tail.ts': [
    [
      'eventsAfter',
      'a stream that resumes from memory begins one event late',
      'events.slice(first, first + limit)',
      'events.slice(first + 1, first + 1 + limit)',
    ],
    [
      'eventsAfter',
      'the tail claims to reach back further than it does',
      'events[first]?.previousId === id',
      'events[first]',
    ],
  ],
  'src/feed/event.ts': [
    [
      'feedEventOf',
      'a takeover of the lease looks like a rebuilt database',
      'previousId: Number(data)',
      'previousId: id - 1',
    ],
    ['feedEventOf', 'the server drops `before`', 'before === null ? null : JSON.parse(before)', 'null'],
  ],
  'src/feed/feed.ts': [
    ['stored', 'a read of the store that lacks an entry counts as complete', '&& continues(id, found)', ''],
  ],
  'src/feed/reader.ts': [
    ['refreshState', 'polling finds no events', 'noteCommitted(reader, state)', ''],
    [
      'refreshState',
      'a commit during a read of the state looks like a restored database',
      'state.lastId < lastId',
      'state.lastId < tail.lastId',
    ],
    [
      'fetchCommitted',
      'entries that were appended during a read are appended again',
      '.filter(({ id }) => id > lastId)',
      '',
    ],
    [
      'appendOwn',
      'entries of this process are appended after a gap',
      'entries[0]?.id !== lastId + 1',
      'entries.length === 0',
    ],
  ],
  'src/http/stream/query.ts': [
    [
      'parseStreamFilter',
      'a filter only matches the job after a change',
      '(matchesJob(job) || (before !== null && matchesJob(before)))',
      'matchesJob(job)',
    ],
    [
      'parseStreamFilter',
      'a filter only matches the job before a change',
      '(matchesJob(job) || (before !== null && matchesJob(before)))',
      'matchesJob(before ?? job)',
    ],
  ],
  'src/feed/fanout.ts': [
    [
      'continueStream',
      'a stalled stream skips what it could not send',
      'schedule(walk, subscriber)',
      'subscriber.position = feed.lastId() ?? 0\n      schedule(walk, subscriber)',
    ],
    ['continueStream', 'a drained stream is not resumed', 'schedule(walk, subscriber)', ''],
  ],
}

const faults: Record<string, Fault[]> = {
  'src/store/step.ts': STEP,
  'src/indexer/fold.ts': FOLD,
  'src/store/jobs.ts': JOBS,
  'src/indexer/converge.ts': CONVERGE,
  'src/indexer/jobReader.ts': JOB_READER,
  'src/indexer/headerChain.ts': HEADERS,
  'src/indexer/headLogs.ts': HEAD_LOGS,
  'src/indexer/readRange.ts': READ_RANGE,
  'src/indexer/finalizedBlock.ts': FINALIZED,
  'src/indexer/rewind.ts': REWIND,
  'src/indexer/logs.ts': LOGS,
  ...CONTRACT,
  ...SERVING,
}

/** Every fault that the model must notice. */
export const mutations: Mutation[] = Object.entries(faults).flatMap(([file, list]) =>
  list.map(([place, name, find, replace]) => ({ name, file, place, find, replace })),
)
