import { expect, it } from 'vitest'
import { createPrinter } from '../../../src/cli/print.ts'
import type { Terminal } from '../../../src/terminal/terminal.ts'

it('a table has as many rows as there are', () => {
  const lines: string[] = []
  const terminal = { columns: () => 80, say: (line: string) => lines.push(line) }
  const rows = Array.from({ length: 150_000 }, (_, number) => ({ number }))

  createPrinter(terminal as unknown as Terminal).printTable(rows, {})

  expect(lines).toHaveLength(150_001)
})
