import { describe, expect, it } from 'vitest'
import type { OpenRooms } from './store.ts'

const entry = { at: 1, actor: 'cli', action: 'site.deleted', subject: 'erp' }

export function auditContract(name: string, open: OpenRooms): void {
  describe(`audit, ${name}`, () => {
    it('entries are read newest first, as many as asked for', async () => {
      const { store } = open()
      for (const at of [10, 30, 20, 30]) await store.audit({ ...entry, at, subject: `at ${at}` })

      const rows = await store.listAudit({ limit: 3 })

      expect(rows.map(({ at }) => at)).toEqual([30, 30, 20])
      expect(rows[0]?.id).toBeGreaterThan(rows[1]?.id ?? Infinity)
    })

    it('the same entry twice is two rows', async () => {
      const { store } = open()

      await store.audit(entry)
      await store.audit({ ...entry, detail: { sites: 1 } })

      expect(await store.listAudit({ limit: 9 })).toMatchObject([
        { ...entry, tenantId: null, detail: { sites: 1 }, bucket: null, count: 1 },
        { ...entry, tenantId: null, detail: null, bucket: null, count: 1 },
      ])
    })

    it('entries of one bucket are one row with a count, also when they come at once', async () => {
      const { store } = open()
      const refused = { ...entry, action: 'key.refused', bucket: 60 }

      await Promise.all([
        store.audit({ ...refused, at: 61 }),
        store.audit({ ...refused, at: 62, count: 5 }),
        store.audit({ ...refused, at: 63, count: 3 }),
        store.audit({ ...refused, at: 121, bucket: 120 }),
        store.audit({ ...refused, at: 64, subject: 'another' }),
      ])

      expect(await store.listAudit({ limit: 9 })).toMatchObject([
        { at: 121, bucket: 120, count: 1 },
        { at: 64, subject: 'another', count: 1 },
        { at: 63, bucket: 60, count: 9 },
      ])
    })

    it('a tenant’s entries are told from the others’, from a time on', async () => {
      const { store } = open()
      await store.audit({ ...entry, at: 1, tenantId: 'ten_1' })
      await store.audit({ ...entry, at: 5, tenantId: 'ten_1' })
      await store.audit({ ...entry, at: 6, tenantId: 'ten_2' })
      await store.audit({ ...entry, at: 7 })
      const times = async (filter: { tenantId?: string; since?: number }) =>
        (await store.listAudit({ ...filter, limit: 9 })).map(({ at }) => at)

      expect(await times({ tenantId: 'ten_1' })).toEqual([5, 1])
      expect(await times({ tenantId: 'ten_1', since: 5 })).toEqual([5])
      expect(await times({ since: 6 })).toEqual([7, 6])
    })
  })
}
