import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { keptOf } from '../../../src/auth/limits.ts'
import { socketLimits } from '../../../src/sockets/socket-limits.ts'

const guide = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8')
const shown = (value: number): string => value.toLocaleString('en-US')

test('the security guide has every limit of what is kept', () => {
  for (const value of Object.values(keptOf)) expect(guide).toContain(shown(value))
})

test('the security guide quotes every limit of connections', () => {
  const rows = guide.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const [name, { default: value, text }] of Object.entries(socketLimits)) {
    const said = name.endsWith('Ms') ? `${value / 1_000} s` : shown(value)
    expect(rows).toContainEqual(['', `\`${name}\``, said, text, ''])
  }
})
