import type { Reporter } from 'vitest/node'

/** Closes the run with one line that machines can read: `N passed, N failed, N skipped`. */
export const plainSummary: Reporter = {
  onTestRunEnd(modules, unhandled) {
    const count = { passed: 0, failed: unhandled.length, skipped: 0, pending: 0 }
    for (const module of modules) {
      count.failed += module.errors().length
      for (const test of module.children.allTests()) count[test.result().state] += 1
    }
    const skipped = count.skipped + count.pending
    process.stdout.write(`${count.passed} passed, ${count.failed} failed, ${skipped} skipped\n`)
  },
}
