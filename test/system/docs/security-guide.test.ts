import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { environment } from '../../../src/environment.ts'
import { tenantLimits } from '../../../src/auth/limits.ts'
import { callsKept } from '../../../src/calls/call-log.ts'
import { socketLimits } from '../../../src/sockets/socket-limits.ts'

const guide = readFileSync(new URL('../../../docs/security.md', import.meta.url), 'utf8')
const shown = (value: number): string => value.toLocaleString('en-US')

test('the security guide has every limit of what is kept', () => {
  for (const value of Object.values(tenantLimits)) expect(guide).toContain(shown(value))
  const { waiting: _inMemory, ...calls } = callsKept
  for (const value of Object.values(calls)) expect(guide).toContain(shown(value))
})

test('the security guide quotes every limit of connections', () => {
  const rows = guide.split('\n').map((line) => line.split('|').map((cell) => cell.trim()))
  for (const [name, { default: value, text }] of Object.entries(socketLimits)) {
    const said = name.endsWith('Ms') ? `${value / 1_000} s` : shown(value)
    expect(rows).toContainEqual(['', `\`${name}\``, said, text, ''])
  }
})

test('the page on data protection tells the days that the server goes by, and each variable that decides', () => {
  const page = readFileSync(new URL('../../../docs/data-protection.md', import.meta.url), 'utf8')
  const defaults = environment.parse({})

  expect(page.replaceAll('\n', ' ')).toContain(
    `\`RETENTION_EVENTS_DAYS\` is ${defaults.RETENTION_EVENTS_DAYS} and \`RETENTION_AUDIT_DAYS\` ${defaults.RETENTION_AUDIT_DAYS} unless`,
  )
  for (const [, name = ''] of page.matchAll(/`([A-Z]+_[A-Z_]+)`/g)) {
    expect(environment.shape).toHaveProperty(name)
  }
})
