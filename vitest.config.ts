import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**'],
    globalSetup: 'test/setup.ts',
    // A shared machine stalls now and then; what fails twice is no stall.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More than two cores keep busy: many tests wait for a clock.
    maxWorkers: 3,
    // Files of a worker share modules, since loading them for each file took a fifth of the CPU time.
    isolate: false,
  },
})
