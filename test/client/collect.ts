import { until } from '../helpers/until.ts'

interface AnyEvent {
  type: string
  data: unknown
}

export interface Collected<Event extends AnyEvent> {
  events: Event[]
  /** The job events, each as a sign and the job's id: `+1` created, `~1` updated, `-1` removed. */
  jobs(): string[]
  /** Waits until there are `count` job events or more. Resolves with all of them. */
  waitForJobs(count: number): Promise<string[]>
  waitFor(type: Event['type'], count?: number): Promise<Event>
  /** Aborts the iteration. Rejects if it ended with an error. */
  stop(): Promise<void>
}

const SIGNS: Record<string, string> = { job_created: '+', job_updated: '~', job_removed: '-' }

/** Reads an endless iteration into a list. `open` gets the signal that ends it. */
export function collect<Event extends AnyEvent>(
  open: (signal: AbortSignal) => AsyncIterable<Event>,
): Collected<Event> {
  const control = new AbortController()
  const events: Event[] = []
  let failure: unknown
  const reading = (async () => {
    for await (const event of open(control.signal)) events.push(event)
  })().catch((error) => {
    failure = error
  })
  const jobs = () =>
    events.flatMap(({ type, data }) => {
      const jobId = (data as { jobId?: string } | null)?.jobId
      return jobId === undefined ? [] : [`${SIGNS[type]}${jobId}`]
    })
  const found = <T>(value: T | undefined | false) => {
    if (failure) throw failure
    return value
  }
  return {
    events,
    jobs,
    async waitForJobs(count) {
      await until(() => found(jobs().length >= count), { message: `${count} job events, have ${jobs()}` })
      return jobs()
    },
    waitFor: (type, count = 1) =>
      until(() => found(events.filter((event) => event.type === type)[count - 1]), {
        message: type,
      }) as Promise<Event>,
    async stop() {
      control.abort()
      await reading
      if (failure) throw failure
    },
  }
}
