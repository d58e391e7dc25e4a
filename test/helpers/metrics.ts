/**
 * Reads Prometheus metrics. The returned function takes `name` or `name{label="value"}`, and returns 0 for a
 * series that the metric does not have yet.
 * @param timeoutMs time after which a process that does not answer is an error; unlimited by default
 * @throws Error if there is no metric of that name
 */
export async function readMetrics(url: string, timeoutMs?: number): Promise<(name: string) => number> {
  const text = await (
    await fetch(`${url}/metrics`, { signal: timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs) })
  ).text()
  const values = new Map(
    text
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => {
        const space = line.lastIndexOf(' ')
        return [line.slice(0, space), Number(line.slice(space + 1))]
      }),
  )
  return (name) => {
    const metric = name.replace(/\{.*$/, '').replace(/_(bucket|sum|count)$/, '')
    if (!text.includes(`# TYPE ${metric} `)) throw new Error(`there is no metric ${metric}`)
    return values.get(name) ?? 0
  }
}
