import { expect, it } from 'vitest'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import { unheard } from '../../../src/auth/proxy-watch.ts'
import { minuteOf } from '../../../src/durations.ts'
import type { AuditEntry } from '../../../src/db/ports/audit.ts'

const entry = { at: 1, actor: 'address:a', action: 'key.refused', subject: 'k', bucket: 0 }

function anAuditCounter() {
  const written: AuditEntry[] = []
  let isBroken = false
  const auditCounter = createAuditCounter((one) => {
    if (isBroken) return Promise.reject(new Error('locked'))
    written.push(one)
    return Promise.resolve()
  })
  return { ...auditCounter, written, broken: (yes: boolean) => (isBroken = yes) }
}

it('what is alike is one entry with a count and the latest time', async () => {
  const { count, flush, written } = anAuditCounter()

  for (const at of [1, 2, 3]) count({ ...entry, at })
  count({ ...entry, actor: 'address:b' })
  await flush()

  expect(written).toEqual([
    { ...entry, at: 3, count: 3 },
    { ...entry, actor: 'address:b', count: 1 },
  ])
})

it('after a flush counting begins anew', async () => {
  const { count, flush, written } = anAuditCounter()
  count(entry)
  await flush()
  await flush()
  expect(written).toHaveLength(1)

  count(entry)
  await flush()

  expect(written.map((one) => one.count)).toEqual([1, 1])
})

it('however many callers come without a key, few rows are written and all of them are counted', async () => {
  const { count, flush, written } = anAuditCounter()

  for (let stranger = 0; stranger < 50_000; stranger += 1) {
    count({ ...entry, actor: `address:${stranger}` })
  }
  for (let id = 0; id < 10; id += 1) count({ ...entry, action: 'id.unknown', actor: `key:${id}` })
  await flush()

  expect(written.length).toBeLessThan(120)
  expect(written.reduce((sum, one) => sum + (one.count ?? 0), 0)).toBe(50_010)
  expect(written).toContainEqual(
    expect.objectContaining({ action: 'key.refused', actor: 'many', count: 49_900 }),
  )
  // They do not drown what holders of keys did.
  expect(written).toContainEqual(expect.objectContaining({ actor: 'key:9', count: 1 }))
})

it('who calls in vain with a key of ours is told though strangers make a noise, and adds few rows', async () => {
  const { count, flush, written } = anAuditCounter()
  const inVain = { ...entry, tenantId: 'ten_1', subject: 'key_1' }

  for (let stranger = 0; stranger < 1_000; stranger += 1) {
    count({ ...entry, actor: `address:${stranger}`, subject: 'unknown key' })
    count({ ...inVain, actor: `address:${stranger}` })
  }
  count({ ...inVain, subject: 'key_2', actor: 'address:1' })
  await flush()

  const rowsOf = (subject: string) => written.filter((one) => one.subject === subject)
  expect(rowsOf('key_1')).toHaveLength(20 + 1)
  expect(rowsOf('key_1')).toContainEqual({ ...inVain, actor: 'many', count: 980 })
  expect(rowsOf('key_2')).toEqual([{ ...inVain, subject: 'key_2', actor: 'address:1', count: 1 }])
})

it('however many sites a tenant has, what the server notes of them adds few rows', async () => {
  const { count, flush, written } = anAuditCounter()
  const refused = { ...entry, actor: 'server', action: 'target.refused' }

  for (let site = 0; site < 900; site += 1) {
    count({ ...refused, tenantId: 'ten_1', subject: `site ${site}` })
  }
  for (let site = 0; site < 101; site += 1) {
    count({ ...refused, tenantId: 'ten_2', subject: `of another ${site}` })
  }
  await flush()

  const rowsOf = (tenantId: string) => written.filter((one) => one.tenantId === tenantId)
  expect(rowsOf('ten_1')).toHaveLength(100 + 1)
  expect(rowsOf('ten_1')).toContainEqual(
    expect.objectContaining({ actor: 'server', subject: 'ten_1', count: 800 }),
  )
  expect(rowsOf('ten_2')).toContainEqual(expect.objectContaining({ subject: 'ten_2', count: 1 }))
})

it('however many neighbours pass calls on unheard, few rows an hour are written and all are counted', async () => {
  const { count, flush, written } = anAuditCounter()

  for (let host = 0; host < 200; host += 1) {
    count({ ...entry, ...unheard, subject: `fe80::${host}` })
    if (host % 50 === 0) await flush()
  }
  await flush()

  const rows = new Set(written.map(({ actor, subject }) => `${actor} ${subject}`))
  expect(rows.size).toBe(20 + 1)
  expect(written.reduce((sum, one) => sum + (one.count ?? 0), 0)).toBe(200)
  expect(written.every(({ action }) => action === unheard.action)).toBe(true)
})

it('two flushes at once write each count once', async () => {
  const written: AuditEntry[] = []
  const disk = Promise.withResolvers<void>()
  const { count, flush } = createAuditCounter(async (one) => {
    written.push(one)
    await disk.promise
  })
  for (const subject of ['x', 'y', 'z']) count({ ...entry, subject })

  const flushes = [flush(), flush()]
  disk.resolve()
  await Promise.all(flushes)

  expect(written.map(({ subject }) => subject)).toEqual(['x', 'y', 'z'])
})

it('a flush that fails keeps none of the later ones from writing', async () => {
  const written: AuditEntry[] = []
  let isFull = true
  const { count, flush } = createAuditCounter(async (one) => {
    if (isFull) throw new Error('disk full')
    written.push(one)
  })
  count(entry)

  const failed = flush()
  const next = flush()
  await expect(failed).rejects.toThrow('disk full')
  await expect(next).rejects.toThrow('disk full')
  isFull = false
  await flush()

  expect(written).toEqual([expect.objectContaining({ count: 1 })])
})

it('callers without a key who come all year, each from another address, add a bounded number of rows an hour', async () => {
  const { count, flush, written } = anAuditCounter()
  const hourMs = 60 * 60_000

  for (let at = 0; at < 3 * hourMs; at += 1_000) {
    count({ ...entry, at, bucket: minuteOf(at), actor: `address:${at}` })
    if (at % 10_000 === 0) await flush()
  }
  await flush()

  const rows = new Set(written.map(({ actor, subject, bucket }) => [actor, subject, bucket].join()))
  expect(rows.size).toBe(3 * (100 + 1))
  expect(written.reduce((sum, one) => sum + (one.count ?? 0), 0)).toBe(3 * 3_600)
})

it('counts that could not be written are kept for the next time, with what came since', async () => {
  const { count, flush, written, broken } = anAuditCounter()
  count(entry)
  count(entry)
  count({ ...entry, subject: 'other' })
  broken(true)

  await expect(flush()).rejects.toThrow('locked')
  count({ ...entry, at: 9 })
  broken(false)
  await flush()

  expect(written).toHaveLength(2)
  expect(written).toContainEqual({ ...entry, at: 9, count: 3 })
  expect(written).toContainEqual({ ...entry, subject: 'other', count: 1 })
})

it('what is counted while a write fails is kept with the rest', async () => {
  const written: AuditEntry[] = []
  let isFirst = true
  const { count, flush } = createAuditCounter((one) => {
    if (!isFirst) return Promise.resolve(void written.push(one))
    isFirst = false
    count(entry)
    return Promise.reject(new Error('locked'))
  })
  count(entry)

  await expect(flush()).rejects.toThrow('locked')
  await flush()

  expect(written).toEqual([{ ...entry, count: 2 }])
})
