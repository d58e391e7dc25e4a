import { defineConfig } from 'vitest/config'

/**
 * Whole-system tests, run by `npm run test:system`: browsers, proxies, and long tests in which processes,
 * databases and RPCs fail.
 */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    // A shared CI machine stalls now and then. A test that fails twice has another cause.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})
