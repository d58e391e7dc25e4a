import { readFileSync, writeFileSync } from 'node:fs'
import { dotEnvExample, settingsTable } from './src/cli/help.ts'

/** The README with its table of settings as the schema has them, between its two markers. */
export function withSettings(readme: string): string {
  return readme.replace(
    /<!-- settings -->[\s\S]*?<!-- \/settings -->/,
    () => `<!-- settings -->\n\n${settingsTable()}\n\n<!-- /settings -->`,
  )
}

const at = (name: string) => new URL(name, import.meta.url)

// `npm run docs`
if (process.argv[1] === at('docs.ts').pathname) {
  writeFileSync(at('README.md'), withSettings(readFileSync(at('README.md'), 'utf8')))
  writeFileSync(at('.env.example'), dotEnvExample())
}
