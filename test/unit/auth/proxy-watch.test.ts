import { expect, test } from 'vitest'
import { createProxyWatch } from '../../../src/auth/proxy-watch.ts'
import type { AuditEntry } from '../../../src/db/ports/audit.ts'
import { testApp } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'

/** What was counted of one call. */
function counted(peer: string | undefined, forwarded: unknown): string[] {
  const entries: AuditEntry[] = []
  const auditCounter = {
    count: (entry: AuditEntry) => void entries.push(entry),
    flush: async () => {},
  }
  const watch = createProxyWatch({ clock: testClock(), auditCounter }, (ip) => ip === '10.0.0.1')
  watch(peer, forwarded)
  return entries.map(({ subject }) => subject)
}

test.each<[string, string | undefined, unknown, string[]]>([
  ['a neighbour that passes calls on', '172.18.0.5', '93.184.215.14', ['172.18.0.5']],
  ['the same, written as IPv6', '::ffff:172.18.0.5', '93.184.215.14', ['172.18.0.5']],
  ['one on this machine', '::1', '93.184.215.14', ['::1']],
  ['one that is trusted', '10.0.0.1', '93.184.215.14', []],
  ['a neighbour that calls for itself', '172.18.0.5', undefined, []],
  ['a stranger who writes what he likes', '93.184.215.14', '10.0.0.1', []],
  ['a socket that is gone', undefined, '93.184.215.14', []],
])('%s', (_, peer, forwarded, subjects) => {
  expect(counted(peer, forwarded)).toEqual(subjects)
})

test('the server counts it, for any of its addresses', async () => {
  const { app } = await testApp()

  await app.inject({ url: '/live', headers: { 'x-forwarded-for': '93.184.215.14' } })
  await app.auditCounter.flush()

  const rows = await app.store.listAudit({ action: 'proxy.untrusted', limit: 9 })
  expect(rows).toMatchObject([{ subject: '127.0.0.1', count: 1 }])
})
