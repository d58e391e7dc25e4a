import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Job, JobEventType } from '../../client/src/client.ts'
import { jobKey } from '../../client/src/job.ts'

interface Row {
  job: Job
  /** order of the logs in a block */
  log: number
}

interface Entry {
  id: number
  type: JobEventType
  job: Job
  before: Job | null
}

interface Stream {
  response: ServerResponse
  query: URLSearchParams
}

type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** The definition that `GET /api/v1/config` describes: the default one, as far as the client reads it. */
export const contract = {
  name: 'job-registry',
  statuses: ['OPEN', 'FUNDED', 'COMPLETED'],
  fields: [
    { name: 'jobId', kind: 'uint' },
    { name: 'status', kind: 'choice', values: ['OPEN', 'FUNDED', 'COMPLETED'] },
    { name: 'clientId', kind: 'uint', role: true },
    { name: 'strategyType', kind: 'choice', values: ['PROGRAM', 'RUBRIC', 'HYBRID', 'CEX_CAPITAL'] },
    { name: 'verificationLevel', kind: 'choice', values: [1, 2, 3, 4] },
    { name: 'budget', kind: 'amount', decimals: 6 },
    { name: 'providerId', kind: 'uint', role: true, nullable: true },
    { name: 'evaluatorId', kind: 'uint', role: true, nullable: true },
  ],
  filters: [
    { name: 'status', kind: 'list' as const, fields: ['status'] },
    { name: 'clientId', kind: 'list' as const, fields: ['clientId'] },
    { name: 'strategyType', kind: 'list' as const, fields: ['strategyType'] },
    { name: 'verificationLevel', kind: 'list' as const, fields: ['verificationLevel'] },
    { name: 'minBudget', kind: 'min' as const, fields: ['budget'] },
    { name: 'maxBudget', kind: 'max' as const, fields: ['budget'] },
    { name: 'participant', kind: 'list' as const, fields: ['clientId', 'providerId', 'evaluatorId'] },
  ],
}

/** A job of the default definition. */
export function job(jobId: string, blockNumber: number, rest: Partial<Job> = {}): Job {
  return {
    jobId,
    status: 'OPEN',
    clientId: '7',
    strategyType: 'PROGRAM',
    verificationLevel: 1,
    budget: '100.000000',
    onchainDeadline: '1790000000',
    onchainCreatedAt: '1780000000',
    creationTxHash: `0x${'ab'.repeat(32)}`,
    blockNumber: String(blockNumber),
    title: null,
    description: null,
    providerId: null,
    evaluatorId: null,
    ...rest,
  }
}

/**
 * A simulated Jobcast in memory. The test controls its jobs, its feed, and when connections break. It filters
 * by `status` and `types` only.
 */
export class ScriptedServer {
  url = ''
  head = 1000
  syncing = false
  /** rows of a page at most, whatever the client asks for */
  pageLimit = 100
  /** milliseconds of `retry:`; without it the client waits 3 s */
  retry = '1'
  /** Called before each page is read, with the number of the request. */
  beforePage: (nth: number) => void = () => {}
  /** Handlers that replace the answer of a path. */
  readonly overrides = new Map<string, Handler>()
  /** path and query of each request */
  readonly requests: string[] = []
  #rows = new Map<string, Row>()
  #feed: Entry[] = []
  #lastId = 100
  #forgotten = 100
  #logs = 0
  #pages = 0
  #streams = new Set<Stream>()
  #server = createServer((request, response) => this.#answer(request, response))

  async start(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    return this
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  get lastId(): string {
    return String(this.#lastId)
  }

  get streams(): number {
    return this.#streams.size
  }

  /** The jobs in the order of the chain. */
  jobs(query = new URLSearchParams()): Job[] {
    const status = query.get('status')?.split(',')
    return [...this.#rows.values()]
      .sort((a, b) => Number(a.job.blockNumber) - Number(b.job.blockNumber) || a.log - b.log)
      .map((row) => row.job)
      .filter((each) => !status || status.includes(each.status))
  }

  create(created: Job): Job {
    this.head = Math.max(this.head, Number(created.blockNumber))
    this.#rows.set(jobKey(created), { job: created, log: this.#logs++ })
    this.#append('job_created', created, null)
    return created
  }

  update(old: Job, change: Partial<Job>): Job {
    const row = this.#rows.get(jobKey(old)) as Row
    const before = row.job
    row.job = { ...before, ...change }
    this.#append('job_updated', row.job, before)
    return row.job
  }

  remove(old: Job): void {
    const row = this.#rows.get(jobKey(old)) as Row
    this.#rows.delete(jobKey(old))
    this.#append('job_removed', row.job, null)
  }

  /** Pings every stream. */
  ping(): void {
    for (const stream of this.#streams) this.#frame(stream, this.lastId, 'ping', this.#headData())
  }

  /** Ends all streams. */
  drop(): void {
    for (const { response } of this.#streams) response.end()
    this.#streams.clear()
  }

  /** Empties the feed and advances its id, so that a stream that resumes has a gap. */
  forget(): void {
    this.#forgotten = ++this.#lastId
    this.#feed = []
  }

  #append(type: JobEventType, now: Job, before: Job | null): void {
    const entry = { id: ++this.#lastId, type, job: now, before }
    this.#feed.push(entry)
    for (const stream of this.#streams) this.#send(stream, entry)
  }

  #send(stream: Stream, { id, type, job: now, before }: Entry): void {
    const status = stream.query.get('status')?.split(',')
    const types = stream.query.get('types')?.split(',')
    if (types && !types.includes(type)) return
    if (status && !status.includes(now.status) && !(before && status.includes(before.status))) return
    this.#frame(stream, String(id), type, now)
  }

  #frame({ response }: Stream, id: string, event: string, data: object): void {
    response.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  #headData() {
    const timestamp = new Date().toISOString()
    return { timestamp, blockNumber: String(this.head), finalizedBlockNumber: String(this.head - 64) }
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://host')
    this.requests.push(request.url ?? '')
    const override = this.overrides.get(pathname)
    const json = (body: object) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    if (override) override(request, response)
    else if (pathname === '/api/v1/config') json({ success: true, data: { contract } })
    else if (pathname === '/api/v1/stats') json({ success: true, data: { syncing: this.syncing } })
    else if (pathname === '/api/v1/jobs') json(this.#page(searchParams))
    else if (pathname === '/api/v1/events') this.#open(request, response, searchParams)
    else response.writeHead(404).end('{}')
  }

  #page(query: URLSearchParams): object {
    this.beforePage(++this.#pages)
    const [from, to] = [Number(query.get('fromBlock') ?? 0), Number(query.get('toBlock') ?? 1e15)]
    const limit = Math.min(Number(query.get('limit')), this.pageLimit)
    const sign = query.get('order') === 'asc' ? 1 : -1
    const positionOf = (each: Job) =>
      Number(each.blockNumber) * 1e6 + (this.#rows.get(jobKey(each)) as Row).log
    const after = query.get('cursor')
    const found = this.jobs(query)
      .filter((each) => Number(each.blockNumber) >= from && Number(each.blockNumber) <= to)
      .sort((a, b) => sign * (positionOf(a) - positionOf(b)))
      .filter((each) => after === null || sign * (positionOf(each) - Number(after)) > 0)
    const data = found.slice(0, limit)
    const next = found.length > limit ? String(positionOf(data.at(-1) as Job)) : null
    return { success: true, data, pagination: { next }, lastEventId: this.lastId }
  }

  #open(request: IncomingMessage, response: ServerResponse, query: URLSearchParams): void {
    const header = request.headers['last-event-id']
    const asked = header === undefined ? undefined : Number(header)
    const resumed = asked === undefined ? null : asked >= this.#forgotten && asked <= this.#lastId
    const position = resumed ? (asked as number) : this.#lastId
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(`retry: ${this.retry}\n\n`)
    const stream = { response, query }
    this.#frame(stream, String(position), 'connected', { type: 'connected', ...this.#headData(), resumed })
    for (const entry of this.#feed) if (entry.id > position) this.#send(stream, entry)
    this.#streams.add(stream)
    response.once('close', () => this.#streams.delete(stream))
  }
}

/** Starts a scripted server. */
export function startScripted(): Promise<ScriptedServer> {
  return new ScriptedServer().start()
}
