import { expect, it } from 'vitest'
import { callsKept, createCallLog } from '../../../src/calls/call-log.ts'
import { StoreAwayError, StoreBusyError } from '../../../src/db/store-errors.ts'
import { monthOf } from '../../../src/db/rules/usage-month.ts'
import { aTenant, testRooms } from '../../support/tenants.ts'

/** A call log that keeps two calls of a key a day, and what `usage` says of them. */
async function aLog(failing?: { with: Error; once: 'before' | 'after' }) {
  const { store, clock, ...rooms } = testRooms()
  const { tenant, sites } = await aTenant({ store, clock, ...rooms }, { sites: ['one', 'two'] })
  let failure = failing
  const callLog = createCallLog({
    clock,
    write: (calls) => store.addCalls(calls),
    async count(calls) {
      const failed = failure
      failure = undefined
      if (failed?.once === 'before') throw failed.with
      await store.countCalls(calls)
      if (failed) throw failed.with
    },
    limits: { ...callsKept, inADay: 2, waiting: 5 },
  })
  let made = 0
  const end = (site: number | null, { status = 200, apiKey = `key_${site}` } = {}) =>
    callLog.end(
      {
        id: `req_${(made += 1)}`,
        at: clock.now(),
        method: 'ping',
        apiKey,
        tenantId: tenant.id,
        siteId: site === null ? null : sites[site]!.id,
        isAdmitted: true,
        bridge: [],
      },
      { status, refused: null },
    )
  const counted = async () => {
    const rows = await store.listUsage(monthOf(clock.now()), {})
    return Object.fromEntries(rows.map(({ site, calls }) => [site ?? 'none', calls]))
  }
  const kept = async () => (await store.listCalls({}, { limit: 99 })).length
  return { callLog, clock, end, counted, kept }
}

it('calls that are not kept count as usage all the same, those that were answered', async () => {
  const { callLog, end, counted, kept } = await aLog()

  for (const site of [0, 0, 0, 0, 1, null, null, null]) end(site)
  end(0, { status: 404 })
  end(0)
  await callLog.flush()
  end(0)
  await callLog.flush()

  expect(await counted()).toEqual({ one: 6, two: 1, none: 3 })
  expect(await kept()).toBe(5)
})

it('calls that find no place among those that wait count, too', async () => {
  const { callLog, end, counted, kept } = await aLog()

  for (let nth = 0; nth < 8; nth += 1) end(0, { apiKey: `key_${nth}` })
  await callLog.flush()

  expect(await kept()).toBe(5)
  expect(await counted()).toEqual({ one: 8 })
})

it.each([
  ['a busy database, which stored nothing, counts them later', 'before', StoreBusyError, 5],
  ['a database that went away after it stored them counts none twice', 'after', StoreAwayError, 5],
] as const)('%s', async (_name, once, Failure, all) => {
  const { callLog, end, counted } = await aLog({ with: new Failure('failed'), once })
  for (let nth = 0; nth < 4; nth += 1) end(0)

  await expect(callLog.flush()).rejects.toThrow(Failure)
  end(0)
  await callLog.flush()

  expect(await counted()).toEqual({ one: all })
})

it('however many calls are stored, others have their turn in between', async () => {
  const { clock } = testRooms()
  const ofKey = { method: 'ping', apiKey: 'key', tenantId: 'ten', isAdmitted: true, bridge: [] }
  const order: string[] = []
  const callLog = createCallLog({
    clock,
    async write() {
      order.push('stored')
      setTimeout(() => order.push('others'), 0)
    },
    count: async () => {},
  })
  for (let nth = 0; nth < 500; nth += 1) {
    callLog.end({ ...ofKey, id: `req_${nth}`, at: clock.now() }, { status: 200, refused: null })
  }
  await callLog.flush()

  expect(order.filter((what) => what === 'stored').length).toBeGreaterThan(2)
  expect(order.join(' ')).not.toContain('stored stored')
})
