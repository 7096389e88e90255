import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { describe, expect, it } from 'vitest'
import { authenticate, rotateApiKey, type Caller } from '../../../src/auth/api-keys.ts'
import { rekey } from '../../../src/vault/rekey.ts'
import { secretRow } from '../../../src/vault/sealed-rows.ts'
import { readWebhookSecret, rotateWebhookSecret } from '../../../src/vault/webhook-secret.ts'
import { restoreCopy, type Restoring } from '../../../src/backup/restore.ts'
import { verifyCopy } from '../../../src/backup/verify.ts'
import { consoleSessions, offerLogin } from '../../../src/console/session.ts'
import { loadConfig } from '../../../src/config.ts'
import type { ItemNote } from '../../../src/db/ports/items.ts'
import type { BridgeUser } from '../../../src/db/ports/users.ts'
import { dayMs } from '../../../src/durations.ts'
import { AuthenticationError } from '../../../src/errors.ts'
import { finish } from '../../../src/erasure/erase.ts'
import { anInstallation, type TestInstallation } from '../../support/installation.ts'
import {
  olderEnvironment,
  olderKeys,
  writeOlderInstallation,
} from '../../support/older-installation.ts'
import { testClock } from '../../support/clock.ts'
import { testFolder } from '../../support/store.ts'
import {
  aKey,
  anAnnouncement,
  aTenant,
  aUser,
  addItems,
  itemFacts,
  type TestKey,
  type TestRooms,
} from '../../support/tenants.ts'

const identity = { host: 'here', pid: 1, isAlive: () => true }

const restore = (
  { config, clock }: TestInstallation,
  copy: string,
  more: Partial<Restoring> = {},
) => restoreCopy({ copy, config, clock, identity, ...more })

const by = ({ clock }: Pick<TestRooms, 'clock'>) => ({ actor: 'cli', at: clock.now() })

const knock = (
  { store, keyring, clock }: TestRooms,
  { apiKey: key, apiSecret: secret }: Pick<TestKey, 'apiKey' | 'apiSecret'>,
): Promise<Caller> =>
  authenticate(
    { store, keyring, clock, auditCounter: { count: () => {}, flush: () => Promise.resolve() } },
    { key, secret, address: '192.0.2.7' },
  )

/** What is not empty of what was carried over. */
const shown = (carried: object | null) =>
  Object.fromEntries(
    Object.entries(carried ?? {}).filter(([, names]) => (names as string[]).length > 0),
  )

/** An event of an item, and what became of its delivery. */
async function tell(
  rooms: TestRooms,
  user: BridgeUser,
  {
    state = 'delivered',
    ...event
  }: { itemId: number; type: string; state?: 'delivered' | 'pending' | 'dead' },
): Promise<void> {
  const { store, clock } = rooms
  const told = anAnnouncement(rooms, user, event)
  await store.acceptEvent(told)
  if (state === 'pending') return
  const at = clock.now()
  const claimed = await store.claimDelivery(told.id, { by: 'srv', at, leaseUntil: at + 1 })
  if (!claimed) return
  const { id, attempt } = claimed
  const settled = { id, attempt, at, outcome: { kind: state }, try: null, endpoint: null } as const
  await store.settleDelivery(settled)
}

/** Bridge without anything of ours left in it. */
const emptyBridge = {
  items: { list: async () => [], delete: async () => {} },
  users: { delete: async () => {} },
} as never

describe('what was ended since a copy was made stays ended:', () => {
  it('keys revoked', async () => {
    const installation = await anInstallation()
    const { copy, open, siteKey, tenantKey } = installation
    const made = copy()
    await open((rooms) => rooms.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, by(rooms)))

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({ keys_revoked: [siteKey.apiKey] })
    await open(async (rooms) => {
      await expect(knock(rooms, siteKey)).rejects.toThrow(AuthenticationError)
      await knock(rooms, tenantKey)
    })
  })

  it('secrets rotated: the new one works, the old one for as long as it would have', async () => {
    const installation = await anInstallation()
    const { copy, open, siteKey, clock } = installation
    const made = copy()
    clock.advance(1)
    const { apiSecret } = await open(async (rooms) => {
      const previousUntil = clock.now() + 1_000
      return (await rotateApiKey(rooms, { apiKey: siteKey.apiKey, previousUntil }, by(rooms)))!
    })

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({ keys_rotated: [siteKey.apiKey] })
    await open(async (rooms) => {
      await knock(rooms, { ...siteKey, apiSecret })
      await knock(rooms, siteKey)
      clock.advance(1_000)
      await expect(knock(rooms, siteKey)).rejects.toThrow(AuthenticationError)
    })
  })

  it('ways into the console, open ones too: the copy lets nobody in', async () => {
    const installation = await anInstallation()
    const { copy, open, clock } = installation
    const token = await open(async (rooms) => {
      const offer = await offerLogin(rooms, 'anne', by(rooms))
      return (await consoleSessions.enter(rooms, offer.token, clock.now()))!
    })
    const made = copy()

    await restore(installation, made)

    await open(async (rooms) => {
      expect(await consoleSessions.findVisitor(rooms, token, clock.now())).toBeUndefined()
      expect(await rooms.store.listSessions(0)).toEqual([])
    })
  })

  it('tenants disabled', async () => {
    const installation = await anInstallation()
    const { copy, open, tenant, tenantKey } = installation
    const made = copy()
    await open((rooms) => rooms.store.setTenantDisabled(tenant.id, true, by(rooms)))

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({ tenants_disabled: ['acme'] })
    await open(async (rooms) => {
      await expect(knock(rooms, tenantKey)).rejects.toThrow(AuthenticationError)
    })
  })

  it('webhook secrets rotated, and sealed with another data key by now', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock, config } = installation
    const made = copy()
    clock.advance(1)
    const { secret } = await open(async (rooms) => {
      const rotated = await rotateWebhookSecret(rooms, site.id, by(rooms))
      const { masterKeys } = config.secrets
      await rekey(
        {
          ...rooms,
          masterKeys,
          livingServers: () => Promise.resolve([]),
          wait: () => Promise.resolve(),
        },
        by(rooms),
      )
      return rotated
    })

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({ webhook_secrets_rotated: [`acme/${site.name}`] })
    await open(async (rooms) => {
      expect(await readWebhookSecret(rooms, site.id)).toBe(secret)
      const previous = await rooms.store.listSealed('previous-webhook-secret', null, 9)
      expect(
        previous.map(({ sealed }) => rooms.keyring.open(sealed, secretRow(site.id))),
      ).toHaveLength(1)
    })
  })

  it('endpoints disabled, and permissions withdrawn', async () => {
    const installation = await anInstallation()
    const { copy, open, site, database, clock } = installation
    await open(async (rooms) => {
      const allowedOrigins = ['https://kept.test', 'https://sold.test']
      await rooms.store.updateSite(site.id, { allowedOrigins }, by(rooms))
      await rooms.store.allowTargets(site.id, ['10.0.0.0/8', '10.1.0.0/16'], by(rooms))
    })
    const made = copy()
    clock.advance(1)
    await open(async (rooms) => {
      const allowedOrigins = ['https://kept.test', 'https://new.test']
      await rooms.store.updateSite(site.id, { allowedOrigins }, by(rooms))
      await rooms.store.allowTargets(site.id, ['10.1.0.0/16'], by(rooms))
    })
    const raw = new Sqlite(database)
    raw.exec(`UPDATE endpoints SET disabled_at = 5, disabled_reason = '410'`)
    raw.close()

    const { carried } = await restore(installation, made)

    const label = `acme/${site.name}`
    expect(shown(carried)).toEqual({
      endpoints_disabled: [label],
      origins_withdrawn: [label],
      targets_withdrawn: [label],
    })
    const now = new Sqlite(database, { readonly: true })
    expect(
      now
        .prepare(
          'SELECT allowed_origins, allowed_targets, disabled_at, disabled_reason FROM sites JOIN endpoints ON site_id = id',
        )
        .get(),
    ).toEqual({
      allowed_origins: '["https://kept.test"]',
      allowed_targets: '["10.1.0.0/16"]',
      disabled_at: 5,
      disabled_reason: '410',
    })
    now.close()
  })

  it('reminders that users, and a site, no longer want by mail', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock } = installation
    const [ann, ben] = await open(async (rooms) => {
      await rooms.store.updateSite(site.id, { remindBy: 'mail' }, by(rooms))
      return [
        await aUser(rooms, site, { name: 'ann' }),
        await aUser(rooms, site, { name: 'ben' }),
      ] as const
    })
    await open((rooms) => rooms.store.setMailStop(ben.id, 7))
    const made = copy()
    clock.advance(1)
    await open(async (rooms) => {
      await rooms.store.setMailStop(ann.id, clock.now())
      await rooms.store.setMailStop(ben.id, clock.now())
      await rooms.store.updateSite(site.id, { remindBy: 'webhook' }, by(rooms))
    })

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({
      users_without_reminder_mails: [ann.id],
      sites_without_reminder_mails: [`acme/${site.name}`],
    })
    await open(async ({ store }) => {
      const users = await store.listUsers({ siteId: site.id }, { limit: 9 })
      const stops = users.map(({ user, mailStoppedAt }) => [user.name, mailStoppedAt])
      expect(Object.fromEntries(stops)).toEqual({ ann: clock.now(), ben: 7 })
      expect((await store.readSite(site.id))?.site.remindBy).toBe('webhook')
    })
  })

  it('what sites and users were told: of the same consent nobody is told again', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock } = installation
    const end = clock.now() + 14 * dayMs
    const note = (rooms: TestRooms, id: number, change: ItemNote['change']) =>
      rooms.store.noteItem(id, { seen: {}, change })
    await open(async (rooms) => {
      await rooms.store.updateSite(site.id, { webhookUrl: 'https://erp.test/hook' }, by(rooms))
      const user = await aUser(rooms, site)
      const facts = [1, 2, 3].map((id) => itemFacts({ id, authenticationExpiresAt: end }))
      await rooms.store.keepItems(user.id, facts, { at: clock.now(), complete: false })
      for (const itemId of [1, 2, 3]) {
        await tell(rooms, user, { itemId, type: 'consent.expiring' })
        await tell(rooms, user, { itemId, type: 'item.action_required' })
      }
      await note(rooms, 1, { remindedOf: end, remindedDays: 14, toldStatus: null })
      await note(rooms, 2, { remindedOf: end, remindedDays: 3, mailedOf: end, mailedDays: 3 })
      await note(rooms, 3, { remindedOf: end, remindedDays: 14 })
    })
    const made = copy()
    const told = {
      toldStatus: 0,
      helpAskedAt: 5,
      mailedOf: end + 1_000,
      mailedDays: 7,
      mailedAt: 9,
    }
    await open(async (rooms) => {
      await note(rooms, 1, { remindedOf: end + 1_000, remindedDays: 7, ...told })
      await note(rooms, 2, { remindedDays: 7, mailedDays: 7 }) // the copy is later
      await note(rooms, 3, { remindedOf: end + 180 * dayMs, remindedDays: 7 }) // renewed
    })

    await restore(installation, made)

    await open(async ({ store }) => {
      const items = await store.listConnections({ siteId: site.id })
      const notes = new Map(items.map(({ item }) => [item.id, item]))
      expect(notes.get(1)).toMatchObject({ remindedOf: end + 1_000, remindedDays: 7, ...told })
      expect(notes.get(2)).toMatchObject({ remindedDays: 3, mailedDays: 3 })
      expect(notes.get(3)).toMatchObject({ remindedOf: end, remindedDays: 14 })
    })
  })

  it.each([
    ['arrived', 'delivered', true],
    ['is on its way', 'pending', false],
    ['died', 'dead', false],
    ['was made without an address', undefined, false],
  ] as const)(
    'what a site was told, if that %s: with its event goes what did not arrive',
    async (_, state, isTold) => {
      const installation = await anInstallation()
      const { copy, open, site, clock, database } = installation
      const end = clock.now() + 14 * dayMs
      const types = ['consent.expiring', 'item.action_required', 'item.stale']
      const user = await open(async (rooms) => {
        const webhookUrl = state === undefined ? null : 'https://erp.test/hook'
        await rooms.store.updateSite(site.id, { webhookUrl }, by(rooms))
        const user = await aUser(rooms, site)
        const facts = [itemFacts({ id: 1, authenticationExpiresAt: end })]
        await rooms.store.keepItems(user.id, facts, { at: clock.now(), complete: false })
        const rhythm = { remindedOf: end, remindedDays: 14, toldStatus: null, staleDueAt: 9 }
        await rooms.store.noteItem(1, { seen: {}, change: rhythm })
        // What came to its site before says nothing of what came later.
        for (const type of types) await tell(rooms, user, { itemId: 1, type })
        return user
      })
      const inDatabase = (sql: string): void => {
        const client = new Sqlite(database)
        client.exec(sql)
        client.close()
      }
      inDatabase('UPDATE items SET expected_at = 5, last_success_at = 4')
      const made = copy()
      await open(async (rooms) => {
        for (const type of types)
          await tell(rooms, user, { itemId: 1, type, state: state ?? 'pending' })
        const told = { remindedDays: 7, toldStatus: 0, helpAskedAt: 5, staleDueAt: null }
        await rooms.store.noteItem(1, {
          seen: {},
          change: { ...told, mailedOf: end, mailedDays: 7 },
        })
      })

      await restore(installation, made)

      const [one] = await open(({ store }) => store.listConnections({ siteId: site.id }))
      expect(one?.item).toMatchObject(
        isTold
          ? { remindedDays: 7, toldStatus: 0, helpAskedAt: 5, staleDueAt: null }
          : { remindedDays: 14, toldStatus: null, helpAskedAt: null, staleDueAt: 9 },
      )
      expect(one?.item.mailedDays).toBe(7)
    },
  )

  it('connections deleted', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock } = installation
    const user = await open(async (rooms) => {
      const user = await aUser(rooms, site)
      await addItems(rooms, user, 1, 2, 3)
      return user
    })
    const made = copy()
    await open(async (rooms) => {
      await rooms.store.deleteItem(1, by(rooms))
      await rooms.store.deleteItem(3, by(rooms))
      clock.advance(2 * dayMs)
      await addItems(rooms, user, 3) // Bridge still had it
    })

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toEqual({ items_deleted: ['1'] })
    const left = await open((rooms) => rooms.store.listItems(user.id))
    expect(left.map(({ id }) => id)).toEqual([2, 3])
  })

  it('connections deleted, though an event comes late, or the same copy a second time', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock } = installation
    const user = await open(async (rooms) => {
      const user = await aUser(rooms, site)
      await addItems(rooms, user, 1)
      return user
    })
    const made = copy()
    await open((rooms) => rooms.store.deleteItem(1, by(rooms)))
    const late = { kind: 'item', userId: user.id, itemId: 1, at: clock.now(), status: 0 } as const
    const unsaid = { statusCodeInfo: null, authenticationExpiresAt: null, accountTypes: null }

    await restore(installation, made)
    await open(({ store }) => store.applyEvent({ ...late, ...unsaid }))

    expect(await open((rooms) => rooms.store.listItems(user.id))).toEqual([])
    const { carried } = await restore(installation, made)
    expect(shown(carried)).toEqual({ items_deleted: ['1'] })
  })

  it('how often a bank was asked for a connection: the copy gives no more of it', async () => {
    const installation = await anInstallation()
    const { copy, open, site, clock } = installation
    await open(async (rooms) => addItems(rooms, await aUser(rooms, site), 1, 2))
    const claim = (rooms: TestRooms, kind: 'refresh' | 'renewal', itemId = 1) => {
      const at = clock.now()
      return rooms.store.claimAllowance(kind, itemId, { at, since: at - dayMs, limit: 2 })
    }
    await open((rooms) => claim(rooms, 'refresh'))
    const made = copy()
    clock.advance(1)
    await open(async (rooms) => {
      await claim(rooms, 'refresh')
      await claim(rooms, 'renewal')
      await claim(rooms, 'refresh', 2)
      await rooms.store.deleteItem(2, by(rooms))
    })

    await restore(installation, made)

    await open(async (rooms) => {
      expect(await claim(rooms, 'refresh')).toHaveProperty('oldestAt')
      expect(await claim(rooms, 'renewal')).toHaveProperty('claim')
      expect(await claim(rooms, 'renewal')).toHaveProperty('oldestAt')
    })
  })

  it.each([
    ['site', true],
    ['tenant', true],
    ['site', false],
    ['tenant', false],
  ] as const)('a %s deleted, with all that hangs on it (to its end: %s)', async (kind, isDone) => {
    const installation = await anInstallation()
    const { copy, open, site, tenant, siteKey, database } = installation
    await open(async (rooms) => addItems(rooms, await aUser(rooms, site), 1))
    const made = copy()
    const subject = kind === 'site' ? site : tenant
    await open(async (rooms) => {
      const order = {
        kind,
        id: 'rmv_1',
        tenantId: tenant.id,
        subjectId: subject.id,
        name: subject.name,
        withBridgeUsers: false,
      }
      const removal = await rooms.store.startRemoval(order, by(rooms))
      if (isDone) await finish({ ...rooms, bridge: emptyBridge }, removal)
    })

    const { carried } = await restore(installation, made)

    expect(shown(carried)).toMatchObject({ [`${kind}s_deleted`]: [subject.name] })
    await open(async (rooms) => {
      await expect(knock(rooms, siteKey)).rejects.toThrow(AuthenticationError)
      expect((await rooms.store.getRemoval('rmv_1')).finishedAt === null).toBe(!isDone)
      expect(await rooms.store.findSite({ tenantId: tenant.id, siteId: null }, site.name)).toBe(
        undefined,
      )
    })
    const raw = new Sqlite(database, { readonly: true })
    expect(raw.prepare('SELECT count(*) FROM items').pluck().get()).toBe(isDone ? 0 : 1)
    raw.close()
  })
})

it('an address that was another by then is told, for it is the copy’s again', async () => {
  const installation = await anInstallation()
  const { copy, open, site, clock } = installation
  const change = (webhookUrl: string) =>
    open((rooms) => rooms.store.updateSite(site.id, { webhookUrl }, by(rooms)))
  await change('https://old.test/hook')
  const made = copy()
  clock.advance(1)
  await change('https://new.test/hook')

  const { carried } = await restore(installation, made)

  expect(shown(carried)).toEqual({ addresses_as_in_the_copy: [`acme/${site.name}`] })
})

it('what is later in the copy stays: the replaced database may be the older one', async () => {
  const installation = await anInstallation()
  const { copy, open, siteKey, site, clock } = installation
  const early = copy('early.sqlite')
  clock.advance(1)
  const { apiSecret, webhookSecret } = await open(async (rooms) => {
    const previousUntil = clock.now() + 1
    const rotated = await rotateApiKey(rooms, { apiKey: siteKey.apiKey, previousUntil }, by(rooms))
    const { secret: webhookSecret } = await rotateWebhookSecret(rooms, site.id, by(rooms))
    const allowedOrigins = ['https://new.test']
    await rooms.store.updateSite(site.id, { allowedOrigins }, by(rooms))
    return { ...rotated!, webhookSecret }
  })
  const late = copy('late.sqlite')
  // Back to the early one, on a machine that has lost everything; then a better copy is found.
  for (const tail of ['', '-wal', '-shm'])
    rmSync(`${installation.database}${tail}`, { force: true })
  await restore(installation, early)

  const { carried } = await restore(installation, late)

  expect(shown(carried)).toEqual({})
  await open(async (rooms) => {
    await knock(rooms, { ...siteKey, apiSecret })
    expect(await readWebhookSecret(rooms, site.id)).toBe(webhookSecret)
  })
})

it('the audit of the restored database tells what was carried over', async () => {
  const installation = await anInstallation()
  const { copy, open, siteKey, clock } = installation
  const madeAt = clock.now()
  const made = copy()
  await open((rooms) => rooms.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, by(rooms)))

  await restore(installation, made)

  const [entry] = await open((rooms) => rooms.store.listAudit({ action: 'database', limit: 1 }))
  expect(entry).toMatchObject({
    action: 'database.restored',
    detail: { made_at: madeAt, signed: true, carried_over: { keys_revoked: [siteKey.apiKey] } },
  })
})

describe('where nobody knows what was ended since', () => {
  const unreadable: [string, (installation: TestInstallation) => void, string][] = [
    [
      'on a new machine',
      ({ database }) => {
        for (const tail of ['', '-wal', '-shm']) rmSync(`${database}${tail}`, { force: true })
      },
      'there was no database to replace',
    ],
    [
      'a database of another master key',
      ({ database }) => {
        const client = new Sqlite(database)
        client.prepare('UPDATE instance SET wrapped_pepper = ?').run(Buffer.alloc(80))
        client.close()
      },
      'MASTER_KEY',
    ],
  ]

  it.each(unreadable)('%s: every key that works is named', async (_name, lose, says) => {
    const installation = await anInstallation()
    const { copy, open, siteKey, tenantKey, tenant } = installation
    await open(async (rooms) => {
      const revoked = await aKey(rooms, tenant, null)
      await rooms.store.changeKey(revoked.apiKey, { kind: 'revoked' }, by(rooms))
    })
    const made = copy()
    lose(installation)

    const restored = await restore(installation, made)

    expect(restored.carried).toBeNull()
    expect(restored.unknown).toContain(says)
    expect(restored.unknownKeys.toSorted()).toEqual([siteKey.apiKey, tenantKey.apiKey].toSorted())
    await open((rooms) => knock(rooms, siteKey))
  })

  it('all tenants start disabled when the operator says so, and work again when enabled', async () => {
    const installation = await anInstallation()
    const { copy, open, siteKey, tenant, database } = installation
    await open((rooms) => aTenant(rooms, { name: 'other' }))
    const made = copy()
    rmSync(database)

    const restored = await restore(installation, made, { disableTenants: true })

    expect(restored.tenantsDisabled).toEqual(['acme', 'other'])
    await open(async (rooms) => {
      await expect(knock(rooms, siteKey)).rejects.toThrow(AuthenticationError)
      await rooms.store.setTenantDisabled(tenant.id, false, by(rooms))
      await knock(rooms, siteKey)
    })
  })

  it('a database that cannot even be kept has to be moved away by hand', async () => {
    const installation = await anInstallation()
    const { copy, database } = installation
    const made = copy()
    for (const tail of ['-wal', '-shm']) rmSync(`${database}${tail}`, { force: true })
    writeFileSync(database, 'a letter to the bank, '.repeat(1_000))

    await expect(restore(installation, made)).rejects.toThrow('move it away, then restore again')
  })
})

it('a copy of an older version comes back as the present version, with what was ended since', async () => {
  const folder = testFolder()
  const clock = testClock()
  const config = loadConfig({ ...olderEnvironment, DATA_DIR: folder })
  const installation = { config, clock }
  const [copy, database] = [join(folder, 'older.sqlite'), join(folder, 'bank-api.sqlite')]
  writeOlderInstallation(copy)
  writeOlderInstallation(database)
  const client = new Sqlite(database)
  client.exec(`UPDATE api_keys SET revoked_at = 1 WHERE api_key = '${olderKeys.other.key}'`)
  client.close()

  const restored = await restoreCopy({ ...installation, copy, identity, allowUnsigned: true })

  expect(shown(restored.carried)).toEqual({ keys_revoked: [olderKeys.other.key] })
  expect(restored.kept && (await verifyCopy(restored.kept, installation))).toMatchObject({
    ok: true,
  })
})

it('events stored after a restore come behind all that were stored since the copy was made, however often it comes back', async () => {
  const installation = await anInstallation()
  const { copy, open, siteKey, clock } = installation
  const { scope } = siteKey.caller
  const happens = (rooms: TestRooms, id: string) =>
    rooms.store.acceptEvent({
      ...anAnnouncement(rooms, { id: 'usr_1', siteId: scope.siteId! } as never),
      id,
      dedupeKey: id,
    })
  const made = copy()
  const ends: number[] = []
  for (const time of ['once', 'twice', 'three times']) {
    await open(async (rooms) => {
      await happens(rooms, `evt_1 ${time}`)
      ends.push(await rooms.store.findFeedEnd(scope))
      await happens(rooms, `evt_2 ${time}`)
      ends.push(await rooms.store.findFeedEnd(scope))
    })
    clock.advance(1_000)
    await restore(installation, made)
  }

  expect(ends).toEqual(ends.toSorted((a, b) => a - b))
  expect(new Set(ends).size).toBe(6)
})
