import { settings } from '../config.ts'

interface Setting {
  name: string
  takes: string
  /** undefined: none */
  fallback: string | undefined
  required: boolean
}

const required = new Set<string>(settings.required)

/** Every setting, from the schema that validates them. */
const all: Setting[] = Object.entries(
  settings.properties as Record<string, { description?: string; default?: string | number }>,
).map(([name, setting]) => ({
  name,
  takes: setting.description ?? '',
  fallback: setting.default === undefined ? undefined : String(setting.default),
  required: required.has(name) && setting.default === undefined,
}))

const WIDTH = Math.max(...all.map(({ name }) => name.length))

/** What `jobcast --help` prints; the settings come from the schema that validates them. */
export function help(): string {
  const lines = all.map(({ name, takes, fallback, required }) => {
    const note = required ? ' (required)' : fallback === undefined ? '' : ` (${fallback})`
    return `  ${name.padEnd(WIDTH)} ${takes}${note}`
  })
  return `Jobcast: the jobs of an on-chain marketplace, indexed into Postgres and pushed as Server-Sent Events.

Usage: jobcast [command] [options]

Commands:
  start               index and serve (the default)
    --only indexer    index only, and answer /health, /ready and /metrics
    --only api        serve only; needs no RPC
  devnet              a local chain with a living market, and Jobcast on it: nothing to configure
    --contract <name> job-registry (the default) or erc8183
  generate [rpc url]  on an anvil of your own: deploy the contract and play the market; --contract as above
  migrate             take the database forward to this version, and end
  tail [url]          show the jobs of a running Jobcast and their changes as they come; see jobcast tail --help
  reset [--yes]       forget everything indexed
  --help, --version

Exit codes: 0 done, 1 failed, 2 the command line or the settings are wrong.

Settings, from the environment or from .env:
${lines.join('\n')}
`
}

/** The settings as a table of Markdown. */
export function settingsTable(): string {
  const rows = all.map(({ name, takes, fallback, required }) => {
    const value = required ? 'required' : fallback === undefined ? '' : `\`${fallback}\``
    return `| \`${name}\` | ${value} | ${takes.replaceAll('|', '\\|')} |`
  })
  return ['| setting | default | takes |', '| --- | --- | --- |', ...rows].join('\n')
}

/** A `.env` to begin with: what is required to fill in, and every other setting as it is when left out. */
export function dotEnvExample(): string {
  const entries = all.map(
    ({ name, takes, fallback, required }) => `# ${takes}\n${required ? '' : '# '}${name}=${fallback ?? ''}\n`,
  )
  return `# Copy to .env. What is commented out shows the default; the environment wins over this file.\n\n${entries.join('\n')}`
}
