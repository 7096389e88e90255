import { expect, it } from 'vitest'
import { loadConfig } from '../../../src/config.ts'
import type { DatabaseServer } from '../../../src/db/ports/instance.ts'
import type { SeenMember } from '../../../src/db/ports/members.ts'
import { checkDatabase } from '../../../src/doctor/database.ts'
import type { Examination } from '../../../src/doctor/examination.ts'
import { checkServer } from '../../../src/doctor/server.ts'
import { testClock } from '../../support/clock.ts'

const good: DatabaseServer['settings'] = {
  fsync: 'on',
  full_page_writes: 'on',
  idle_in_transaction_session_timeout: '10000',
  is_superuser: 'off',
  lock_timeout: '5000',
  max_connections: '100',
  statement_timeout: '30000',
  superuser_reserved_connections: '3',
  synchronous_commit: 'on',
}

/** Looks at an installation on PostgreSQL, where only what is given is out of the ordinary. */
async function look({
  version = '18.4',
  settings = {},
  aheadMs = 0,
  members = [],
  pool = '10',
  isPooled = false,
}: {
  version?: string
  settings?: Partial<DatabaseServer['settings']>
  aheadMs?: number
  members?: SeenMember[]
  pool?: string
  isPooled?: boolean
}) {
  const clock = testClock()
  const store = {
    isShared: true,
    readServer: async () => ({ version, isPooled, settings: { ...good, ...settings } }),
    readTime: async () => clock.now(),
    listMembers: async () => members,
  }
  const examination = {
    config: loadConfig({ DATABASE_URL: 'postgres://localhost/bank', DATABASE_POOL: pool }),
    store,
    clock,
    machineClock: { now: () => clock.now() + aheadMs },
    probes: { get: async () => ({ status: 200, date: undefined, body: '"live"' }) },
  } as unknown as Examination
  const findings = [...(await checkServer(examination)), ...(await checkDatabase(examination))]
  return findings.filter(({ level }) => level !== 'ok')
}

const member = (id: string, agoMs = 0): SeenMember => ({
  id,
  host: 'one',
  pid: 7,
  seenAt: testClock().now() - agoMs,
})

it('an installation of two instances on an ordinary server has nothing to do', async () => {
  expect(await look({ members: [member('srv_1'), member('srv_2', 3_000)] })).toEqual([])
})

it('behind a pooler the instances may have more connections than the server takes', async () => {
  expect(await look({ members: here, pool: '60', isPooled: true })).toEqual([])
})

const here = [member('srv_1')]

it.each([
  ['a version that nobody tried', { version: '14.9 (Debian)' }, 'critical', /version 14\.9/],
  [
    'commits that may be lost',
    { settings: { synchronous_commit: 'off' } },
    'critical',
    /^synchronous_commit off/,
  ],
  [
    'a disk that is not waited for',
    { settings: { fsync: 'off', full_page_writes: 'off' } },
    'critical',
    /^fsync, full_page_writes off/,
  ],
  ['a superuser', { settings: { is_superuser: 'on' } }, 'warning', /^a superuser/],
  [
    'time-outs that a pooler swallowed',
    { settings: { lock_timeout: '0' } },
    'warning',
    /^lock_timeout not set/,
  ],
  ['a pool that does not fit', { pool: '60' }, 'warning', /may make 120, the server takes 97$/],
  ['a machine whose clock is off', { aheadMs: -61_000 }, 'warning', /^61 s behind the database's/],
  [
    'a silent instance',
    { members: [...here, member('srv_2', 70_000)] },
    'warning',
    /^process 7 on one has been silent for 70 s$/,
  ],
  [
    'an instance that was the last',
    { members: [member('srv_2', 70_000)] },
    'critical',
    /^no server has this database open; process 7 on one has been silent for 70 s$/,
  ],
  ['no instance', { members: [] }, 'critical', /^no server has this database open$/],
] as const)('%s: that is said, with what to do', async (_what, change, level, message) => {
  const findings = await look({ members: here, ...change } as Parameters<typeof look>[0])

  expect(findings).toMatchObject([
    {
      level,
      message: expect.stringMatching(message) as string,
      remedy: expect.any(String) as string,
    },
  ])
})
