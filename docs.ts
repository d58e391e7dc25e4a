/** Writes the settings into the documents that list them: `npm run docs`. */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { settings } from './src/settings/settings.ts'

/** Returns the README with the table of settings between its two markers. */
export function withSettings(readme: string): string {
  return readme.replace(
    /<!-- settings -->[\s\S]*?<!-- \/settings -->/,
    () => `<!-- settings -->\n\n${settingsTable()}\n\n<!-- /settings -->`,
  )
}

/** Returns the settings as a Markdown table. */
function settingsTable(): string {
  const rows = settings.map(({ name, takes, default: fallback, required }) => {
    const value = required ? 'required' : fallback === undefined ? '' : `\`${fallback}\``
    return `| \`${name}\` | ${value} | ${takes.replaceAll('|', '\\|')} |`
  })
  return ['| setting | default | takes |', '| --- | --- | --- |', ...rows].join('\n')
}

/**
 * Returns the text of .env.example. Required settings are empty; every other one is commented out, with
 * its default.
 */
export function dotEnvExample(): string {
  const entries = settings.map(
    ({ name, takes, default: fallback, required }) =>
      `# ${takes}\n${required ? '' : '# '}${name}=${fallback ?? ''}\n`,
  )
  return `# Copy this file to .env. The environment wins over it. A line that is commented out shows the default.\n\n${entries.join('\n')}`
}

const fileOf = (name: string) => new URL(name, import.meta.url)

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(fileOf('README.md'), withSettings(readFileSync(fileOf('README.md'), 'utf8')))
  writeFileSync(fileOf('.env.example'), dotEnvExample())
}
