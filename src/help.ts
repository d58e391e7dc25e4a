import { settings } from './config.ts'

interface Setting {
  description?: string
  default?: string | number
}

/** What `jobcast --help` prints; the settings come from the schema that validates them. */
export function help(): string {
  const required = new Set<string>(settings.required)
  const lines = Object.entries(settings.properties as Record<string, Setting>).map(([name, setting]) => {
    const fallback = required.has(name)
      ? setting.default === undefined
        ? ' (required)'
        : ` (${setting.default})`
      : ''
    return `  ${name.padEnd(21)} ${setting.description}${fallback}`
  })
  return `Jobcast: JobCreated logs of a chain, indexed into Postgres and pushed as Server-Sent Events.

Usage: jobcast [command] [options]

Commands:
  start               index and serve (the default)
    --only indexer    index only, and answer /health, /ready and /metrics
    --only api        serve only; needs no RPC
  devnet              a local chain with jobs, and Jobcast on it: nothing to configure
  generate [rpc url]  on an anvil of your own: deploy the contract and create a job every 3 s
  migrate             take the database forward to this version, and end
  tail [url]          show the jobs of a running Jobcast as they come; see jobcast tail --help
  reset [--yes]       forget everything indexed
  --help, --version

Settings, from the environment or from .env:
${lines.join('\n')}
`
}
