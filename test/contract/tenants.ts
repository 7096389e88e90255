import { describe, expect, it } from 'vitest'
import { ConflictError } from '../../src/db/store-errors.ts'
import { testBy } from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

export function tenantContract(name: string, open: OpenRooms): void {
  describe(`tenants, ${name}`, () => {
    it('a tenant is found by its name and listed by it', async () => {
      const { store } = open()

      const zoe = await store.createTenant({ id: 'ten_1', name: 'zoe' }, testBy)
      const abe = await store.createTenant({ id: 'ten_2', name: 'abe' }, testBy)

      expect(zoe).toEqual({ id: 'ten_1', name: 'zoe', createdAt: testBy.at, disabledAt: null })
      expect(await store.findTenant('zoe')).toEqual(zoe)
      expect(await store.findTenant('zo')).toBeUndefined()
      expect(await store.listTenants()).toEqual([abe, zoe])
    })

    it('a name is taken once, whoever is faster, and the loser leaves no trace', async () => {
      const { store } = open()

      const outcomes = await Promise.allSettled([
        store.createTenant({ id: 'ten_1', name: 'acme' }, testBy),
        store.createTenant({ id: 'ten_2', name: 'acme' }, testBy),
      ])

      const losers = outcomes.filter(({ status }) => status === 'rejected')
      expect(losers).toMatchObject([{ reason: expect.any(ConflictError) as Error }])
      expect(await store.listTenants()).toHaveLength(1)
      expect(await store.listAudit({ limit: 10 })).toHaveLength(1)
    })

    it('another spelling of a tenant finds it, and makes no second one', async () => {
      const { store } = open()
      const acme = await store.createTenant({ id: 'ten_1', name: 'Acme' }, testBy)

      const again = store.createTenant({ id: 'ten_2', name: 'ACME' }, testBy)

      await expect(again).rejects.toThrow('named Acme already')
      expect(await store.findTenant('acme')).toEqual(acme)
    })
  })
}
