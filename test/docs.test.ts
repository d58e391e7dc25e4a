import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { expect, it } from 'vitest'
import { dotEnvExample, withSettings } from '../docs.ts'
import { helpOf } from '../src/cli/help.ts'
import { ConfigError, loadConfig } from '../src/config.ts'
import { settings } from '../src/settings/settings.ts'
import { mutations } from './model/mutationList.ts'

const read = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8')
const names = settings.map(({ name }) => name)

it('the README lists exactly the settings that are validated (`npm run docs` updates it)', () => {
  const readme = read('README.md')
  expect(readme).toContain('<!-- settings -->')
  expect(withSettings(readme)).toBe(readme)
})

it('.env.example lists every setting (`npm run docs` updates it), and only the required ones must be filled in', () => {
  const example = read('.env.example')
  expect(example).toBe(dotEnvExample())
  expect(Object.keys(parseEnv(example)).sort()).toEqual(['CONTRACT_ADDRESS', 'RPC_URL'])
  expect(() => loadConfig({})).toThrow(ConfigError)
  expect(
    loadConfig({ RPC_URL: 'http://127.0.0.1:8545', CONTRACT_ADDRESS: `0x${'12'.repeat(20)}` }).port,
  ).toBe(3000)
  const uncommented = example.replace(/^# (?=[A-Z_]+=)/gm, '')
  expect(Object.keys(parseEnv(uncommented)).sort()).toEqual([...names].sort())
})

it('the README and --help state the accepted values of every setting', () => {
  for (const name of names) {
    expect(read('README.md')).toMatch(new RegExp(`^\\| \`${name}\` \\| .* \\| \\S`, 'm'))
    expect(helpOf([])).toMatch(new RegExp(`^ {2}${name} +\\S`, 'm'))
  }
})

it('the table of mutations lists every mutation, in order', () => {
  const [, section = ''] = read('docs/testing.md').split('## Mutations')
  const listed = [...section.matchAll(/^\| (.+?) \| .+ \| \d+ \|$/gm)].map(([, name]) => name)
  expect(listed).toEqual(mutations.map(({ name }) => name))
})
