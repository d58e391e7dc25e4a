/** The first step of `npm run build`: bundles the server's JavaScript into dist/, without type checks. */
import { rm } from 'node:fs/promises'
import { build } from 'esbuild'
import packageJson from './package.json' with { type: 'json' }

/**
 * Not bundled: the dependencies of the package, except two that are dependencies only for their types.
 * Loading the many small modules of these two and of drizzle one by one took half the time of a start.
 */
const external = Object.keys(packageJson.dependencies).filter((name) => !['typebox', 'viem'].includes(name))

await rm('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/cli/main.ts', 'src/contract/entry.ts'],
  outbase: '.',
  outdir: 'dist',
  chunkNames: 'chunks/[name]-[hash]',
  bundle: true,
  // A definition of a user's own imports the entry, which must share its modules with the command line.
  splitting: true,
  external,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  sourcemap: true,
  logLevel: 'warning',
})
