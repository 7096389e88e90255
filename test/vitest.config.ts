import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { isLong, mostMs } from './support/form.ts'
import { plainSummary } from './support/plain-summary.ts'

export default defineConfig({
  test: {
    root: fileURLToPath(new URL('..', import.meta.url)),
    include: ['test/**/*.test.ts', ...(isLong ? ['test/**/*.long.ts'] : [])],
    globalSetup: ['test/support/run-folder.ts', 'test/support/postgres-server.ts'],
    setupFiles: ['test/support/same-values.ts'],
    isolate: false,
    // Most of the time is spent waiting for other processes: more workers than cores pay.
    maxWorkers: 3,
    testTimeout: mostMs,
    hookTimeout: mostMs,
    // What is waited for comes when it comes: on a busy machine not within Vitest's second.
    expect: { poll: { timeout: 60_000 } },
    reporters: ['default', plainSummary],
  },
})
