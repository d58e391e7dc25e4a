import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/system/**'],
    globalSetup: 'test/setup.ts',
    // A shared CI machine stalls now and then. A test that fails twice has another cause.
    retry: process.env.CI ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // More workers than the CI machine has cores, because many tests wait for timers.
    maxWorkers: 3,
    // Files of a worker share modules, since loading them for each file took a fifth of the CPU time.
    isolate: false,
  },
})
