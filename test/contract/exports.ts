import { describe, expect, it } from 'vitest'
import { exportKinds, type ExportKind } from '../../src/db/ports/exports.ts'
import type { Store } from '../../src/db/store.ts'
import { testNow } from '../support/clock.ts'
import {
  aRequest,
  aTenant,
  aUser,
  anAnnouncement,
  addItems,
  testBy,
  type TestRooms,
} from '../support/tenants.ts'
import type { OpenRooms } from './store.ts'

/** One row of every kind for a tenant, with `base` telling its ids from another's. */
async function filled(rooms: TestRooms, name: string, base: number) {
  const { store, clock } = rooms
  const { tenant, site } = await aTenant(rooms, { name, sites: [`erp.${name}.test`] })
  await store.updateSite(site.id, { webhookUrl: 'https://erp.acme.test/hook' }, testBy)
  await store.rotateWebhookSecret(
    site.id,
    { secret: Buffer.from('next'), previousUntil: testNow + 5 },
    testBy,
  )
  const user = await aUser(rooms, site, { name: 'ann' })
  await addItems(rooms, user, base)
  const prints = { ibanFingerprint: Buffer.from('print'), ownerPrint: Buffer.from(`print ${base}`) }
  const whose = { userId: user.id, announce: () => expect.unreachable() }
  await addItems(rooms, user, base + 1)
  await store.keepAccounts([{ id: base + 1, itemId: base + 1, ...prints }], testNow, whose)
  await store.deleteItem(base + 1, testBy)
  await store.keepAccounts(
    [{ id: base, itemId: base, ibanFingerprint: prints.ibanFingerprint }],
    testNow,
  )
  await store.claimAllowance('refresh', base, { at: testNow, since: 0, limit: 4 })
  await store.claimAllowance('renewal', base, { at: testNow, since: 0, limit: 4 })
  await aRequest(rooms, user)
  await store.acceptEvent(anAnnouncement(rooms, user))
  const claim = { at: clock.now(), by: 'srv_test', leaseUntil: clock.now() + 1, limit: 9 }
  for (const { id, attempt } of await store.claimDeliveries(claim)) {
    await store.settleDelivery({
      id,
      attempt,
      at: clock.now(),
      outcome: { kind: 'delivered' },
      try: { startedAt: testNow, durationMs: 1, status: 200, error: null, response: null },
      endpoint: null,
    })
  }
  await store.addCalls([
    {
      id: `req_${name}`,
      at: testNow,
      method: 'ping',
      status: 200,
      excType: null,
      refusal: null,
      durationMs: 1,
      tenantId: tenant.id,
      siteId: site.id,
      apiKey: null,
      request: null,
      itemId: null,
      bridge: [],
    },
  ])
  return tenant
}

async function all(store: Store, tenantId: string, kind: ExportKind) {
  const rows = []
  let after: string | number | null = null
  for (;;) {
    const page: Awaited<ReturnType<Store['listForExport']>> = await store.listForExport(
      tenantId,
      kind,
      { after, limit: 1 },
    )
    if (page.length === 0) return rows
    rows.push(...page)
    after = page[0]!.key
  }
}

export function exportContract(name: string, open: OpenRooms): void {
  describe(`what a tenant is given of its rows, ${name}`, () => {
    it.each(exportKinds)('all its %s, page by page, and nobody else’s', async (kind) => {
      const rooms = open()
      const acme = await filled(rooms, 'acme', 1)
      const other = await filled(rooms, 'other', 2)

      const mine = await all(rooms.store, acme.id, kind)
      const others = await all(rooms.store, other.id, kind)

      expect(mine.length).toBeGreaterThan(0)
      expect(mine).toHaveLength(others.length)
      const keys = new Set(mine.map(({ key }) => key))
      expect(keys.size).toBe(mine.length)
      expect(others.filter(({ key }) => keys.has(key))).toEqual([])
    })

    it('secrets, their hashes and fingerprints leave with nobody, nor does which server had a delivery', async () => {
      const rooms = open()
      const { id } = await filled(rooms, 'acme', 1)
      const names = async (kind: ExportKind) =>
        Object.keys((await rooms.store.listForExport(id, kind, { after: null, limit: 1 }))[0]!.row)

      expect(await names('sites')).not.toContain('webhookSecret')
      expect(await names('keys')).not.toContain('secretHash')
      expect(await names('keys')).not.toContain('previousSecretHash')
      expect(await names('endpoints')).not.toContain('previousSecret')
      expect(await names('accounts')).not.toContain('ibanFingerprint')
      expect(await names('deliveries')).not.toContain('claimedBy')
    })
  })
}
