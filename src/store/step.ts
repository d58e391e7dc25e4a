import type { Contract } from '../contract/define.ts'
import { type Cursor, completesPast } from './cursor.ts'
import type { Database } from './database.ts'
import { createFilterIndexes } from './filterIndexes.ts'
import { NOTIFY, PAYLOAD } from './notifications.ts'
import { changeRow, jobColumns, unappliedRow } from './rows.ts'
import type { Step } from './writes.ts'

/** The part of a rewind that deletes everything above the block it moves to. */
const REMOVED = `
removed_blocks as (
  delete from blocks where number > $2::bigint and number <= $3::bigint
    and exists (select from moved)),
removed_jobs as (
  delete from jobs where block_number > $2::bigint and block_number <= $3::bigint
    and exists (select from moved)),
removed_changes as (
  delete from changes where block_number > $2::bigint and block_number <= $3::bigint
    and exists (select from moved)),
removed_unapplied as (
  delete from unapplied_logs where block_number > $2::bigint and block_number <= $3::bigint
    and exists (select from moved)),
`

/**
 * Everything a step writes, in one statement: one transaction and one round trip. It changes nothing if
 * another process moved the cursor since it was read.
 *
 * Postgres may keep the plan that it made while the tables were small. So each part finds its rows by their
 * keys: the finalized ones between bounds, and the changed jobs with `on conflict`, not with a join.
 *
 * `was_final` and `final` are the highest indexed block that is finalized, before and after the step.
 */
const statement = (removed: string) => `
with step as (
  select * from json_to_record($4::json) as step (
    indexer text, hash text, timestamp numeric, finalized_before bigint, finalized bigint, silent boolean,
    last_id bigint, head_number bigint, head_timestamp numeric)),

moved as (
  update cursor set
    revision = cursor.revision + 1,
    indexer = step.indexer, renewed_at = clock_timestamp(), checked_at = clock_timestamp(),
    block_number = $2::bigint, block_hash = step.hash, block_timestamp = step.timestamp,
    finalized_number = step.finalized, silent = step.silent, last_id = step.last_id,
    head_number = step.head_number, head_timestamp = step.head_timestamp
  from step where cursor.revision = $1::bigint
  returning least(step.finalized_before, $3::bigint) as was_final, least(step.finalized, $2::bigint) as final,
    ${PAYLOAD} as payload),
${removed}
finalized_blocks as (
  delete from blocks using moved where number >= moved.was_final and number < moved.final),
finalized_changes as (
  update changes set before = null from moved
  where before is not null and block_number > moved.was_final and block_number <= moved.final),

written as (
  select
    block_number::bigint, log_index::int, job_id, hour::numeric, data, keys::text[],
    kind, amount::numeric, old_kind, old_amount::numeric
  from moved, rows from (
    json_array_elements_text($10::json), json_array_elements_text($11::json), json_array_elements_text($12::json),
    json_array_elements_text($13::json), json_array_elements($14::json), json_array_elements_text($15::json),
    json_array_elements_text($16::json), json_array_elements_text($17::json), json_array_elements_text($18::json),
    json_array_elements_text($19::json)
  ) as written (block_number, log_index, job_id, hour, data, keys, kind, amount, old_kind, old_amount)),
created_jobs as (
  insert into jobs (block_number, log_index, job_id, data, keys)
  select block_number, log_index, job_id, data, keys from written where old_kind is null),
updated_jobs as (
  insert into jobs (block_number, log_index, job_id, data, keys)
  select block_number, log_index, job_id, data, keys from written where old_kind is not null and kind is not null
  on conflict (block_number, log_index) do update set data = excluded.data, keys = excluded.keys),

counted as (
  select hour, kind, sum(jobs) as jobs, sum(amount) as amount
  from (select hour, kind, 1 as jobs, amount from written where kind is not null
    union all select hour, old_kind, -1, -old_amount from written where old_kind is not null) each_job
  group by hour, kind),
new_totals as (
  insert into totals (kind, jobs, amount)
  select kind, sum(jobs), sum(amount) from counted group by kind
  on conflict (kind) do update set jobs = totals.jobs + excluded.jobs, amount = totals.amount + excluded.amount),
new_hours as (
  insert into hours (hour, choice, jobs, amount)
  select hour, coalesce(kind::json ->> $9::text, '') as choice, sum(jobs), sum(amount) from counted group by hour, choice
  on conflict (hour, choice) do update set jobs = hours.jobs + excluded.jobs, amount = hours.amount + excluded.amount),

new_blocks as (
  insert into blocks (number, hash)
  select number, hash from moved, json_to_recordset($5::json) as block (number bigint, hash text)
  where number >= moved.final
  on conflict (number) do update set hash = excluded.hash),
new_changes as (
  insert into changes (block_number, log_index, job_block, job_log, event, status, timestamp, transaction_hash, before)
  select block_number, log_index, job_block, job_log, event, status, timestamp, transaction_hash, before::json
  from moved, json_to_recordset($6::json) as change (
    block_number bigint, log_index int, job_block bigint, job_log int, event text, status text, timestamp numeric,
    transaction_hash text, before text)),
new_unapplied as (
  insert into unapplied_logs (block_number, log_index, reason, log)
  select block_number, log_index, reason, log::json from moved, json_to_recordset($7::json) as unapplied (
    block_number bigint, log_index int, reason text, log text)),
new_entries as (
  insert into feed (id, type, data, before)
  select id, type, data, before from moved, json_to_recordset($8::json) as entry (
    id bigint, type text, data text, before text))

select ${NOTIFY} from moved`

const ADVANCE = statement('')
const REWIND = statement(REMOVED)

/**
 * Moves the cursor.
 * @param me the indexer, which renews its lease by the step
 * @returns the cursor after it; null, with nothing changed, if another process moved the cursor since it
 * was read
 */
export async function commitStep(
  db: Database,
  contract: Contract,
  from: Cursor,
  me: string,
  step: Step,
): Promise<Cursor | null> {
  const { to, head, finalizedNumber } = step
  const feedBegins = completesPast(from, to.number)
  const silent = from.silent && !feedBegins
  if (feedBegins) await createFilterIndexes(db, contract)
  // A step is silent or fed as a whole: the indexer cuts its ranges at feedFromBlock.
  const entries = from.silent ? [] : step.entries.map((entry, i) => ({ id: from.lastId + 1 + i, ...entry }))
  const lastId = from.lastId + entries.length
  const moved = await db.run(to.number < from.blockNumber ? REWIND : ADVANCE, [
    from.revision,
    to.number,
    from.blockNumber,
    JSON.stringify({
      indexer: me,
      hash: to.hash,
      timestamp: to.timestamp,
      finalized_before: from.finalizedNumber,
      finalized: finalizedNumber,
      silent,
      last_id: lastId,
      head_number: head.number,
      head_timestamp: head.timestamp,
    }),
    JSON.stringify(step.blocks),
    JSON.stringify(step.changes.map(changeRow)),
    JSON.stringify(step.unapplied.map(unappliedRow)),
    JSON.stringify(entries),
    contract.choice?.name ?? '',
    ...jobColumns(contract, step.jobs),
  ])
  if (moved.length === 0) return null
  const revision = from.revision + 1
  return { ...from, revision, silent, blockNumber: to.number, blockHash: to.hash, finalizedNumber, lastId }
}
