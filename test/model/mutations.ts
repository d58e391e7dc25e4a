/** A fault that is inserted into the code to test the model. */
export interface Mutation {
  name: string
  file: string
  /** the function that is changed, or the query of an SQL statement: `with removed_jobs` */
  place: string
  /** a piece of code that occurs there once */
  find: string
  replace: string
}

/**
 * Applies a mutation to the source of its file.
 * @throws Error if its place, or the piece, is not found exactly once
 */
export function mutate(source: string, { name, file, place, find, replace }: Mutation): string {
  const lines = source.split('\n')
  const starts = lines.flatMap((line, i) => (declares(line, place) ? [i] : []))
  const [start] = starts
  if (start === undefined || starts.length > 1)
    throw new Error(`"${name}": ${file} declares ${place} ${starts.length} times, and must do it once`)
  const end = endOf(lines, start)
  const body = lines.slice(start, end).join('\n')
  const pieces = body.split(find).length - 1
  if (pieces !== 1)
    throw new Error(`"${name}": ${place} in ${file} holds ${JSON.stringify(find)} ${pieces} times`)
  return [...lines.slice(0, start), body.replace(find, () => replace), ...lines.slice(end)].join('\n')
}

/**
 * Whether the line declares a function, constant or method of the name or, in SQL, a common table expression.
 */
function declares(line: string, name: string): boolean {
  const query = /^with (\w+)$/.exec(name)?.[1]
  if (query) return line === `${query} as (` || line === `with ${query} as (`
  return [
    `^\\s*(export |return )*(async )?function ${name}[(<]`,
    `^\\s*(export )?const ${name}\\b.* =`,
    `^ +(async )?${name}\\(.*\\{$`,
  ].some((pattern) => new RegExp(pattern).test(line))
}

/**
 * Index of the line after a declaration. In formatted code, the last line has the indentation of the first.
 */
function endOf(lines: string[], start: number): number {
  const first = lines[start] as string
  if (first.endsWith(' as ('))
    return lines.findIndex((line, i) => i > start && (line === '' || line.endsWith(' as (')))
  const indent = /^ */.exec(first)?.[0].length ?? 0
  for (let i = start + 1; i < lines.length; i++) {
    const line = lines[i] as string
    if (line.trim() === '' || line.search(/\S/) > indent) continue
    const closes = /^ *[})\]]/.test(line)
    // The end of a long list of parameters opens the body.
    if (!closes) return i
    if (!/[{([]$/.test(line)) return i + 1
  }
  return lines.length
}
