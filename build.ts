/** Builds the server's JavaScript into dist/, without type checks: `npm run build`. */
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'
import packageJson from './package.json' with { type: 'json' }

/** Libraries of many small modules. Loading these one by one took half the time of a start. */
const BUNDLED = ['drizzle-orm', 'typebox']

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/cli/main.ts', 'src/contract/entry.ts'],
  outbase: '.',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  // A definition of a user's own imports the entry, which must share its modules with the command line.
  splitting: true,
  external: Object.keys(packageJson.dependencies).filter((name) => !BUNDLED.includes(name)),
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
})
