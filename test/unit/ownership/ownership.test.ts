import { describe, expect, it } from 'vitest'
import { accountsOf, fingerprintOf } from '../../../src/ownership/accounts.ts'
import { markIfMissing } from '../../../src/ownership/gone-items.ts'
import type { OwnershipDeps } from '../../../src/ownership/item-list.ts'
import {
  ownedAccount,
  ownedItem,
  ownedRequest,
  ownedUser,
  scopeFor,
  type Selector,
} from '../../../src/ownership/ownership.ts'
import { createAuditCounter } from '../../../src/audit/counter.ts'
import type { BridgeResources } from '../../../src/bridge/client.ts'
import { BridgeNetworkError, BridgeStatusError } from '../../../src/bridge/bridge-errors.ts'
import { toTime } from '../../../src/bridge/fields.ts'
import { DoesNotExistError, ValidationError } from '../../../src/errors.ts'
import { aBridgeAccount, aBridgeItem } from '../../support/bridge.ts'
import { testNow } from '../../support/clock.ts'
import { watched } from '../../support/store.ts'
import {
  aRequest,
  aTenant,
  aUser,
  addItems,
  testKeyring,
  testRooms,
  type TestKey,
} from '../../support/tenants.ts'

const tenMinutes = 10 * 60_000

/** Bridge, as far as ownership asks it: items and accounts by user. `calls` says what was asked. */
function aBridge() {
  const calls: string[] = []
  const items = new Map<string, number[]>()
  let isDown = false
  const answer = <T>(call: string, list: T[]): Promise<T[]> => {
    calls.push(call)
    const where = { method: 'GET', route: '/v3/aggregation/items' }
    return isDown
      ? Promise.reject(new BridgeNetworkError(where, new Error('reset')))
      : Promise.resolve(list)
  }
  const idsOf = (user: string) => items.get(user) ?? []
  const bridge = {
    items: {
      list: (user: string) =>
        answer(
          'items',
          idsOf(user).map((id) => aBridgeItem({ id })),
        ),
    },
    accounts: {
      // The account of item 7 is 70.
      list: (user: string) =>
        answer(
          'accounts',
          idsOf(user).map((id) => aBridgeAccount({ id: id * 10, item_id: id })),
        ),
    },
  } as unknown as BridgeResources
  return { bridge, calls, items, down: (yes: boolean) => (isDown = yes) }
}

/** Acme with two sites, Ann on the first, who has item 7 here and item 8 only at Bridge; and another tenant with item 9. */
async function aScene() {
  const rooms = testRooms()
  const acme = await aTenant(rooms, { name: 'acme', sites: ['one', 'two'] })
  const other = await aTenant(rooms, { name: 'other', sites: ['one'] })
  const ann = await aUser(rooms, acme.site, { name: 'ann' })
  const stranger = await aUser(rooms, other.site, { name: 'stranger' })
  await addItems(rooms, ann, 7)
  await addItems(rooms, stranger, 9)
  const double = aBridge()
  double.items.set(ann.userUuid, [7, 8])
  double.items.set(stranger.userUuid, [9])

  const { store, calls } = watched(rooms.store)
  const auditCounter = createAuditCounter((entry) => rooms.store.audit(entry))
  const asking = (key: TestKey): OwnershipDeps => ({
    caller: key.caller,
    store,
    bridge: double.bridge,
    clock: rooms.clock,
    ids: rooms.ids,
    keyring: rooms.keyring,
    auditCounter,
  })
  return {
    ...rooms,
    rooms,
    acme,
    other,
    ann,
    stranger,
    auditCounter,
    bridge: double,
    calls,
    asking,
    asSite: asking(acme.siteKey),
    asTenant: asking(acme.tenantKey),
    asOther: asking(other.siteKey),
  }
}

const refusalOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no refusal',
    (error: unknown) => error,
  )

describe('an item', () => {
  it('that is stored is found without asking Bridge', async () => {
    const { asSite, ann, bridge } = await aScene()

    const held = await ownedItem(asSite, 7, { user: 'ann' })

    expect(held).toMatchObject({ item: { id: 7 }, user: { id: ann.id }, bridgeUser: ann.userUuid })
    expect(bridge.calls).toEqual([])
  })

  it.each<[name: string, hint: Selector]>([
    ['without a word', {}],
    ['by the site’s own name', { user: 'ann' }],
    ['by site', { site: 'one' }],
    ['by both', { user: 'ann', site: 'one' }],
  ])('is found %s', async (_name, hint) => {
    const { asTenant } = await aScene()

    expect((await ownedItem(asTenant, 7, hint)).item.id).toBe(7)
  })

  it('is found by Bridge’s uuid of its user', async () => {
    const { asSite, ann } = await aScene()

    expect((await ownedItem(asSite, 7, { user: ann.userUuid })).item.id).toBe(7)
  })

  it('of a user without a name is anyone’s of that site', async () => {
    const { rooms, acme, asTenant } = await aScene()
    const unnamed = await aUser(rooms, acme.sites[1] ?? acme.site)
    await addItems(rooms, unnamed, 5)

    expect((await ownedItem(asTenant, 5, { user: 'whoever', site: 'two' })).item.id).toBe(5)
  })

  it.each<[name: string, id: number, hint: Selector]>([
    ['of another tenant', 9, {}],
    ['of nobody', 404, {}],
    ['of its own site, but another user', 7, { user: 'bob' }],
  ])('%s does not exist', async (_name, id, hint) => {
    const { asSite } = await aScene()

    const refusal = await refusalOf(ownedItem(asSite, id, hint))

    expect(refusal).toBeInstanceOf(DoesNotExistError)
    expect(refusal).toMatchObject({ message: `Item ${id} not found` })
  })

  it('of a sister site does not exist for a site key', async () => {
    const { rooms, acme, asSite } = await aScene()
    const sister = await aUser(rooms, acme.sites[1] ?? acme.site, { name: 'eve' })
    await addItems(rooms, sister, 6)

    await expect(ownedItem(asSite, 6, {})).rejects.toThrow(DoesNotExistError)
    await expect(ownedItem(asSite, 6, { site: 'two' })).rejects.toThrow('Site two not found')
  })
})

describe('discovery', () => {
  it('finds what the user has at Bridge, with its accounts, and keeps it', async () => {
    const { asSite, bridge } = await aScene()

    expect((await ownedItem(asSite, 8, { user: 'ann' })).item.id).toBe(8)
    expect(bridge.calls).toEqual(['items', 'accounts'])

    expect((await ownedAccount(asSite, 80, { user: 'ann' })).item.id).toBe(8)
    expect((await ownedItem(asSite, 8, {})).item.id).toBe(8)
    expect(bridge.calls).toEqual(['items', 'accounts'])
  })

  it('finds an account of an item that is stored, but whose accounts were never read', async () => {
    const { asSite } = await aScene()

    expect((await ownedAccount(asSite, 70, {})).item.id).toBe(7)
  })

  it('reads the list at most once in ten minutes, however often and whatever is asked', async () => {
    const { asSite, bridge, clock } = await aScene()

    const asked = [100, 101, 102].map((id) => refusalOf(ownedItem(asSite, id, { user: 'ann' })))
    await Promise.all(asked)
    clock.advance(tenMinutes)
    await refusalOf(ownedAccount(asSite, 103, { user: 'ann' }))
    expect(bridge.calls).toEqual(['items', 'accounts'])

    clock.advance(1)
    await refusalOf(ownedItem(asSite, 104, { user: 'ann' }))
    expect(bridge.calls).toEqual(['items', 'accounts', 'items', 'accounts'])
  })

  it('takes what is new at Bridge at the next reading', async () => {
    const { asSite, bridge, clock, ann } = await aScene()
    await expect(ownedItem(asSite, 10, {})).rejects.toThrow(DoesNotExistError)
    bridge.items.set(ann.userUuid, [7, 8, 10])

    await expect(ownedItem(asSite, 10, {})).rejects.toThrow(DoesNotExistError)
    clock.advance(tenMinutes + 1)

    expect((await ownedItem(asSite, 10, {})).item.id).toBe(10)
  })

  it('lets go of what is no longer there', async () => {
    const { asSite, bridge, clock, ann } = await aScene()
    bridge.items.set(ann.userUuid, [8])
    clock.advance(3_000)

    await ownedItem(asSite, 8, {})

    await expect(ownedItem(asSite, 7, {})).rejects.toThrow(DoesNotExistError)
  })

  it('is not used up by a Bridge that does not answer', async () => {
    const { asSite, bridge } = await aScene()
    bridge.down(true)
    await expect(ownedItem(asSite, 8, {})).rejects.toThrow(BridgeNetworkError)

    bridge.down(false)

    expect((await ownedItem(asSite, 8, {})).item.id).toBe(8)
  })

  it('does not ask Bridge for a user it never met, or when several fit', async () => {
    const { rooms, acme, asTenant, bridge } = await aScene()
    const two = acme.sites[1] ?? acme.site
    await aUser(rooms, two, { name: 'new', uuid: null })
    await expect(ownedItem(asTenant, 8, { user: 'new' })).rejects.toThrow(DoesNotExistError)

    await aUser(rooms, two, { name: 'ann' })
    await expect(ownedItem(asTenant, 8, { user: 'ann' })).rejects.toThrow(DoesNotExistError)

    expect(bridge.calls).toEqual([])
  })

  it('of an item that another tenant holds takes nothing from it', async () => {
    const { asSite, asOther, bridge, ann } = await aScene()
    bridge.items.set(ann.userUuid, [7, 8, 9])

    await expect(ownedItem(asSite, 9, {})).rejects.toThrow(DoesNotExistError)

    expect((await ownedItem(asOther, 9, {})).item.id).toBe(9)
  })

  it('does the same work, and says the same, for another’s item as for nobody’s', async () => {
    const answers = [9, 404].map(async (id) => {
      const { asSite, bridge, calls } = await aScene()
      const refusals = [
        await refusalOf(ownedItem(asSite, id, {})), // reads the list
        await refusalOf(ownedItem(asSite, id, {})), // remembers the miss
        await refusalOf(ownedAccount(asSite, id * 10, {})),
      ].map((refusal) => ({
        ...(refusal as object),
        name: (refusal as Error).name,
        message: (refusal as Error).message.replaceAll(/\d+/g, 'ID'),
      }))
      return { refusals, store: calls, bridge: bridge.calls }
    })

    const [anothers, nobodys] = await Promise.all(answers)

    expect(anothers).toEqual(nobodys)
    expect(anothers?.store.length).toBeGreaterThan(5)
    expect(anothers?.bridge).toEqual(['items', 'accounts'])
  })
})

describe('the fingerprint of an IBAN', () => {
  const of = (iban: string | null, item_id = 7) =>
    fingerprintOf(testKeyring(), aBridgeAccount({ item_id, iban }))?.toString('hex')
  const plain = 'FR3312739000309854725191G90'

  it.each([
    'FR33 1273 9000 3098 5472 5191 G90',
    'fr3312739000309854725191g90',
    ' FR3312739000309854\u00A0725191G90\n',
  ])('is the same however it is written: %j', (written) => {
    expect(of(written)).toBe(of(plain))
  })

  it('is another for another IBAN, and another for each item', () => {
    expect(of('FR3312739000309854725191G91')).not.toBe(of(plain))
    expect(of(plain, 8)).not.toBe(of(plain))
  })

  it.each([null, ''])('is none without an IBAN: %j', (none) => {
    expect(of(none)).toBeUndefined()
  })
})

describe('a user', () => {
  it('is the only one there is, or the one that is named', async () => {
    const { asSite, ann, rooms, acme } = await aScene()
    expect((await ownedUser(asSite, {})).bridgeUser).toBe(ann.userUuid)

    const bob = await aUser(rooms, acme.site, { name: 'bob' })

    expect((await ownedUser(asSite, { user: 'bob' })).bridgeUser).toBe(bob.userUuid)
    expect((await ownedUser(asSite, { user: ann.userUuid })).bridgeUser).toBe(ann.userUuid)
  })

  it('is asked for when several fit', async () => {
    const { asSite, rooms, acme } = await aScene()
    await aUser(rooms, acme.site, { name: 'bob' })

    const asked = ownedUser(asSite, {})

    await expect(asked).rejects.toThrow(ValidationError)
    await expect(asked).rejects.toThrow("say which one with 'user'")
  })

  it('without a name is the default one, where there is one among several', async () => {
    const { asSite, rooms, acme } = await aScene()
    const unnamed = await aUser(rooms, acme.site)

    expect((await ownedUser(asSite, {})).user.id).toBe(unnamed.id)
  })

  it('without a name is the site’s to tell, where a tenant key’s sites have a default one each', async () => {
    const { asTenant, rooms, acme, ann } = await aScene()
    await aUser(rooms, acme.sites[1] ?? acme.site)

    await expect(ownedUser(asTenant, {})).rejects.toThrow("say which one with 'site'")
    expect((await ownedUser(asTenant, { site: 'one' })).user.id).toBe(ann.id)
  })

  it('of two sites asks for the site, and is told by it', async () => {
    const { asTenant, rooms, acme, ann } = await aScene()
    const second = await aUser(rooms, acme.sites[1] ?? acme.site, { name: 'ann' })

    const asked = ownedUser(asTenant, { user: 'ann' })

    await expect(asked).rejects.toThrow(ValidationError)
    await expect(asked).rejects.toThrow("say which one with 'site'")
    expect((await ownedUser(asTenant, { user: 'ann', site: 'one' })).user.id).toBe(ann.id)
    expect((await ownedUser(asTenant, { user: 'ann', site: 'two' })).user.id).toBe(second.id)
  })

  it('whose name is new means the default one while that is alone', async () => {
    const { asTenant, rooms, acme } = await aScene()
    const two = acme.sites[1] ?? acme.site
    const unnamed = await aUser(rooms, two)

    expect((await ownedUser(asTenant, { user: 'eve', site: 'two' })).user.id).toBe(unnamed.id)
  })

  it('whose name is new does not exist where the default one is not alone', async () => {
    const { asTenant, rooms, acme } = await aScene()
    const two = acme.sites[1] ?? acme.site
    await aUser(rooms, two, { name: 'bob' })
    await aUser(rooms, two)

    await expect(ownedUser(asTenant, { user: 'eve', site: 'two' })).rejects.toThrow(
      DoesNotExistError,
    )
  })

  it.each<[name: string, hint: Selector]>([
    ['unknown', { user: 'nobody' }],
    ['known to another tenant only', { user: 'stranger' }],
    ['known to a sister site only', { user: 'eve' }],
    ['named within a sister site', { user: 'eve', site: 'two' }],
  ])('%s does not exist', async (_name, hint) => {
    const { asSite, rooms, acme } = await aScene()
    await aUser(rooms, acme.sites[1] ?? acme.site, { name: 'eve' })

    await expect(ownedUser(asSite, hint)).rejects.toThrow(DoesNotExistError)
  })

  it('whom Bridge has yet to make does not exist, and has nothing', async () => {
    const { asTenant, rooms, acme, bridge } = await aScene()
    const two = acme.sites[1] ?? acme.site
    const made = await aUser(rooms, two, { name: 'new', uuid: null })
    await addItems(rooms, made, 5)
    await rooms.store.keepAccounts([{ id: 50, itemId: 5, ibanFingerprint: null }], testNow)
    const hint = { user: 'new', site: 'two' }

    await expect(ownedUser(asTenant, hint)).rejects.toThrow('User new not found')
    await expect(ownedItem(asTenant, 5, hint)).rejects.toThrow('Item 5 not found')
    await expect(ownedAccount(asTenant, 50, hint)).rejects.toThrow('Account 50 not found')

    expect(bridge.calls).toEqual([])
  })
})

describe('a site', () => {
  it('narrows what a tenant key sees, and cannot widen what a site key sees', async () => {
    const { asTenant, asSite, acme } = await aScene()

    expect(await scopeFor(asTenant, undefined)).toEqual(acme.scope)
    expect(await scopeFor(asTenant, 'two')).toEqual({ ...acme.scope, siteId: acme.sites[1]?.id })
    expect(await scopeFor(asSite, 'one')).toEqual(acme.siteKey.caller.scope)
    await expect(scopeFor(asSite, 'two')).rejects.toThrow(DoesNotExistError)
    await expect(scopeFor(asTenant, 'three')).rejects.toThrow(DoesNotExistError)
  })
})

describe('a connect request', () => {
  it('is the caller’s, or does not exist', async () => {
    const { rooms, ann, asSite, asTenant, asOther } = await aScene()
    const id = await aRequest(rooms, ann)

    expect((await ownedRequest(asSite, id)).request.id).toBe(id)
    expect((await ownedRequest(asTenant, id)).request.id).toBe(id)
    await expect(ownedRequest(asOther, id)).rejects.toThrow(DoesNotExistError)
    await expect(ownedRequest(asSite, 'none')).rejects.toThrow(DoesNotExistError)
  })
})

describe('a call about an item', () => {
  const where = { method: 'GET', route: '/v3/aggregation/items/{id}' }

  it.each([
    [404, testNow],
    [500, null],
    [403, null],
  ])('answered %i by Bridge leaves the mark %s', async (bridgeStatus, mark) => {
    const { asSite, store, acme } = await aScene()
    const held = await ownedItem(asSite, 7, {})
    const error = new BridgeStatusError({ ...where, bridgeStatus })

    await expect(markIfMissing(asSite, held, Promise.reject(error))).rejects.toBe(error)

    expect((await store.findItem(acme.scope, 7))?.item.unreachableAt).toBe(mark)
  })

  it('gives the accounts of that item alone, and remembers them', async () => {
    const { asSite, store, acme } = await aScene()
    const held = await ownedItem(asSite, 7, {})

    // The double answers with the accounts of all items, as a Bridge that forgot the filter would.
    expect(await accountsOf(asSite, held)).toEqual([70])

    expect(await store.findItem(acme.scope, { accountId: 70 })).toBeDefined()
  })
})

it('what was answered "does not exist" is counted per key and hour, without the id', async () => {
  const { asSite, auditCounter, store, acme, clock } = await aScene()
  for (const id of [404, 405, 9]) await refusalOf(ownedItem(asSite, id, {}))
  await refusalOf(ownedRequest(asSite, 'none'))
  clock.advance(60 * 60_000)
  await refusalOf(ownedItem(asSite, 404, {}))

  await auditCounter.flush()

  const rows = (await store.listAudit({ limit: 99 })).filter(
    ({ action }) => action === 'id.unknown',
  )
  const actor = `key:${acme.siteKey.apiKey}`
  expect(rows.map((row) => [row.actor, row.tenantId, row.subject, row.count])).toEqual([
    [actor, acme.tenant.id, 'Item', 1],
    [actor, acme.tenant.id, 'Connection request', 1],
    [actor, acme.tenant.id, 'Item', 3],
  ])
})

it.each([
  ['2025-09-04T10:25:35Z', Date.UTC(2025, 8, 4, 10, 25, 35)],
  ['soon', null],
  ['', null],
  [null, null],
  [undefined, null],
  [1741579927, null],
  [['2025-03-10'], null],
  ['+275760-09-13T00:00:00.000Z', null],
])('Bridge’s timestamp %s is %s', (text, time) => {
  expect(toTime(text)).toBe(time)
})
