import { defineConfig } from 'vitest/config'

/** Whole-system tests: real chain, process and browser. Run by `npm run test:system`. */
export default defineConfig({
  test: {
    include: ['test/system/**/*.test.ts'],
    globalSetup: 'test/setup.ts',
    // A shared machine stalls now and then; what fails twice is no stall.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 1,
  },
})
