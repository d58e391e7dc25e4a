import { access, readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Contract, type Definition, defineContract } from './define.ts'
import { erc8183 } from './erc8183.ts'
import { DefinitionError } from './errors.ts'
import { jobRegistry } from './jobRegistry.ts'

/** The definitions that come with Jobcast. */
export const shipped: Record<string, Contract> = {
  [jobRegistry.name]: jobRegistry,
  [erc8183.name]: erc8183,
}

/**
 * The contract that the setting CONTRACT names: one that comes with Jobcast, or the path of a module or of an ABI file.
 * @throws DefinitionError that names the setting, what is wrong and where
 */
export async function loadContract(name: string): Promise<Contract> {
  const known = shipped[name]
  if (known) return known
  const names = Object.keys(shipped).join(', ')
  if (!/[./\\]/.test(name))
    throw new DefinitionError(`CONTRACT=${name}: there is no such definition. It takes ${names}, or a path`)
  const path = resolve(name)
  try {
    await access(path)
    return path.endsWith('.json') ? await fromAbiFile(path) : await fromModule(path)
  } catch (error) {
    throw new DefinitionError(`CONTRACT=${name}: ${reasonOf(error, names)}`, { cause: error })
  }
}

function reasonOf(error: unknown, names: string): string {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'ENOENT')
    return `there is no such file. It takes ${names}, or the path of a module or of an ABI`
  if (code === 'ERR_MODULE_NOT_FOUND')
    return `${message.split('\n', 1)[0]}. In a clone of Jobcast run \`npm run build\` first`
  return message
}

/** An ABI as compilers write it: a list, or an object with the list as `abi` (Foundry, Hardhat). */
async function fromAbiFile(path: string): Promise<Contract> {
  const json: unknown = JSON.parse(await readFile(path, 'utf8'))
  const abi = Array.isArray(json) ? json : (json as { abi?: unknown } | null)?.abi
  if (!Array.isArray(abi))
    throw new DefinitionError('the file holds no ABI: neither a list nor an object with `abi`')
  return defineContract({ abi })
}

/** A module whose default export, or only export, is a contract or a definition. */
async function fromModule(path: string): Promise<Contract> {
  const module = await importModule(path)
  // TypeScript in a folder that is no ES module's comes with its default export one level deeper.
  const outer = module.default ?? (Object.keys(module).length === 1 ? Object.values(module)[0] : undefined)
  const found = typeof outer === 'object' && outer !== null && 'default' in outer ? outer.default : outer
  if (typeof found !== 'object' || found === null)
    throw new DefinitionError(
      'the module has no default export: end it with `export default defineContract({ … })`',
    )
  return 'decode' in found ? (found as Contract) : defineContract(found as Definition)
}

async function importModule(path: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(path).href
  const isTypeScript = /\.[cm]?ts$/.test(path)
  // Node 22.18 and later read TypeScript by themselves.
  const readsTypeScript = (process.features as { typescript?: unknown }).typescript
  if (!isTypeScript || readsTypeScript) return import(url)
  const { tsImport } = await import('tsx/esm/api')
  return tsImport(url, import.meta.url)
}
