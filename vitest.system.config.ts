import { defineConfig } from 'vitest/config'

/** Whole-system tests: real chain, process and browser. Run by `npx vitest run --config vitest.system.config.ts`. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})
