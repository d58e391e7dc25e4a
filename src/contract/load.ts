import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../messages.ts'
import { type Contract, type Definition, defineContract } from './define.ts'
import { erc8183 } from './erc8183.ts'
import { DefinitionError } from './errors.ts'
import { jobRegistry } from './jobRegistry.ts'

/** The definitions that come with Jobcast. */
const shipped: Record<string, Contract> = {
  [jobRegistry.name]: jobRegistry,
  [erc8183.name]: erc8183,
}

/**
 * Loads the contract that the setting CONTRACT names: one that comes with Jobcast, or the path of a module or
 * of an ABI file.
 * @throws DefinitionError that names the setting, the problem, and what to write instead
 */
export async function loadContract(name: string): Promise<Contract> {
  const known = Object.hasOwn(shipped, name) ? shipped[name] : undefined
  if (known) return known
  const where = `CONTRACT=${name}`
  const takes = `set it to ${Object.keys(shipped).join(' or ')}, or to the path of a module or of an ABI`
  if (!/[./\\]/.test(name)) throw new DefinitionError(`${where}: there is no such definition; ${takes}`)
  const path = resolve(name)
  if (!existsSync(path)) throw new DefinitionError(`${where}: there is no such file; ${takes}`)
  try {
    return /\.json$/i.test(path) ? await fromAbiFile(path) : await fromModule(path)
  } catch (cause) {
    throw new DefinitionError(`${where}: ${reasonOf(cause)}`, { cause })
  }
}

/** Returns the message of an error in one line, with the place of a syntax error. */
function reasonOf(error: unknown): string {
  const reason = messageOf(error)
  if (reason.includes('dist/src/contract')) return `${reason}; run \`npm run build\` first`
  // For a SyntaxError, only the stack may have the file and line.
  const place = error instanceof SyntaxError && /^file:\S+/.exec(error.stack ?? '')?.[0]
  return place ? `${place}: ${reason}` : reason
}

/** Reads an ABI as compilers write it: a list, or an object that has the list as `abi` (Foundry, Hardhat). */
async function fromAbiFile(path: string): Promise<Contract> {
  const text = await readFile(path, 'utf8')
  const json = parseJson(text.replace(/^\uFEFF/, ''))
  const abi = isObject(json) && 'abi' in json ? json.abi : json
  if (!Array.isArray(abi))
    throw new DefinitionError('abi: the file contains no ABI; write a list, or an object that has it as abi')
  try {
    return defineContract({ abi })
  } catch (error) {
    throw new DefinitionError(`${messageOf(error)} (do this in a module that imports the ABI)`)
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new DefinitionError(
      `abi: the file is not JSON (${messageOf(error)}); write the output of a compiler`,
    )
  }
}

/** Loads a module whose default export, or only export, is a contract or a definition. */
async function fromModule(path: string): Promise<Contract> {
  const module = await importModule(path)
  const [first, ...others] = Object.values(module)
  const exported = module.default ?? (others.length === 0 ? first : undefined)
  // TypeScript in a package without "type": "module" may load as CommonJS: the default export is then one
  // level deeper.
  const found = isObject(exported) && 'default' in exported ? exported.default : exported
  if (isObject(found) && 'decode' in found) return found as Contract
  if (isObject(found) && 'abi' in found) return defineContract(found as Definition)
  throw new DefinitionError(
    `default export: the module has no definition there; end it with \`export default defineContract({ … })\``,
  )
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href
  // Node 22.18 and later read TypeScript by themselves.
  const readsTypeScript = 'typescript' in process.features && process.features.typescript
  if (!/\.[cm]?ts$/.test(path) || readsTypeScript) return import(url)
  const { tsImport } = await import('tsx/esm/api')
  return tsImport(url, import.meta.url)
}
