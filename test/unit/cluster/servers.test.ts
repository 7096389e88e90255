import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { expect, onTestFinished } from 'vitest'
import { createMovableClock } from '../../../src/clock.ts'
import { livingServers } from '../../../src/cluster/liveness.ts'
import { DatabaseInUseError } from '../../../src/db/store-errors.ts'
import { sealedColumns } from '../../../src/db/ports/sealed.ts'
import { dataKeyRow, masterKeysOf } from '../../../src/vault/master-keys.ts'
import { unlockInstance } from '../../../src/vault/unlock.ts'
import { keyIdOf, seal, type Keyring } from '../../../src/vault/keyring.ts'
import { learnDataKeys, rekey, ServerUnawareError } from '../../../src/vault/rekey.ts'
import { loadConfig } from '../../../src/config.ts'
import { callMethod, testEnvironment } from '../../support/app.ts'
import { withPostgres } from '../../support/postgres.ts'
import { openSite } from '../../support/receiving-site.ts'
import { serversOn, type TestServer } from '../../support/servers.ts'
import { unhandledIn } from '../../support/store.ts'
import { aTenant, aUser, anAnnouncement, testBy } from '../../support/tenants.ts'

withPostgres((it, postgres) => {
  it('each of two servers lets half of what a key may do through', async () => {
    const serve = await serversOn(postgres)
    const env = { LIMIT_PER_KEY: '6' }
    const taken = ({ app }: TestServer): number => {
      for (let count = 0; ; count += 1) {
        try {
          app.limits.keys.take('key')
        } catch {
          return count
        }
      }
    }

    const first = await serve('first', { env })
    expect(taken(first)).toBe(6)
    const second = await serve('second', { env })
    expect(taken(second)).toBe(3)
  })

  it('what a command changes holds at once on all of three: a revoked key, a disabled tenant', async () => {
    const serve = await serversOn(postgres)
    const servers = [await serve('one'), await serve('two'), await serve('three')]
    const [{ app }] = servers as [TestServer]
    const { tenant, siteKey, tenantKey } = await aTenant(app)
    const statuses = (as: typeof siteKey) =>
      Promise.all(
        servers.map(async (one) => {
          const answer = await callMethod(one.app, 'get_bridge_item_id', { request: 'x' }, { as })
          return answer.status
        }),
      )

    expect(await statuses(siteKey)).toEqual([404, 404, 404])
    await app.store.changeKey(siteKey.apiKey, { kind: 'revoked' }, testBy)
    expect(await statuses(siteKey)).toEqual([401, 401, 401])
    expect(await statuses(tenantKey)).toEqual([404, 404, 404])
    await app.store.setTenantDisabled(tenant.id, true, testBy)
    expect(await statuses(tenantKey)).toEqual([401, 401, 401])
  })

  it('a second server with a sandbox in the box does not start, and leaves nothing behind', async () => {
    const serve = await serversOn(postgres)
    const env = { BRIDGE_CLIENT_ID: '', BRIDGE_CLIENT_SECRET: '', PUBLIC_URL: '' }
    const { app } = await serve('first', { env })

    const second = serve('second', { env })

    await expect(second).rejects.toThrow(DatabaseInUseError)
    await expect(second).rejects.toThrow('npm run sandbox')
    expect((await app.store.listMembers()).map(({ host }) => host)).toEqual(['first'])
  })

  it('what nobody was told of is found: an event that was stored by one who died before it could say so', async () => {
    const serve = await serversOn(postgres)
    const env = { ALLOW_HTTP: 'true', ALLOWED_TARGETS: '127.0.0.0/8' }
    const { app } = await serve('first', { env, workers: true })
    await app.ready()
    const { webhookUrl, heard } = await openSite(onTestFinished)
    const { site } = await aTenant(app)
    await app.store.updateSite(site.id, { webhookUrl }, testBy)
    await app.store.allowTargets(site.id, ['127.0.0.0/8'], testBy)
    const event = anAnnouncement(app, await aUser(app, site), { handledAt: null })
    const body = app.keyring.seal('{"type":"x"}', `events/${event.id}`)

    await app.store.acceptEvent({ ...event, body })

    await expect.poll(() => heard.length).toBe(1)
    await expect.poll(() => unhandledIn(app.store, app.clock.now())).toEqual([])
  })

  const oldKey = `old:${Buffer.alloc(32, 7).toString('base64')}`
  const both = `new:${Buffer.alloc(32, 8).toString('base64')},${oldKey}`

  /** A `rekey` beside two servers with these master keys. */
  const rekeyBeside = async (first: string, second: string) => {
    const serve = await serversOn(postgres)
    await (await serve('maker', { env: { MASTER_KEY: oldKey } })).app.close()
    const servers = [
      await serve('first', { env: { MASTER_KEY: first }, workers: true }),
      await serve('second', { env: { MASTER_KEY: second }, workers: true }),
    ]
    const [{ app }] = servers as [TestServer]
    for (const server of servers) await server.app.ready()
    const user = await aUser(app, (await aTenant(app)).site)
    const event = anAnnouncement(app, user)
    const body = app.keyring.seal('{"a":1}', `events/${event.id}`)
    await app.store.acceptEvent({ ...event, body })
    const { store, ids } = app
    const config = loadConfig({ ...testEnvironment, MASTER_KEY: both })
    const keyring = await unlockInstance(store, { config, clock: app.clock })
    const clock = createMovableClock(app.clock) // runs out of patience without waiting
    const run = (waiting: (ms: number) => Promise<unknown>) =>
      rekey(
        {
          store,
          keyring,
          ids,
          clock,
          masterKeys: masterKeysOf(config),
          livingServers: () => livingServers(app),
          wait: waiting,
        },
        testBy,
      )
    return { servers, store, clock, run, event: event.id }
  }

  it('a rekey is refused while one of two servers does not have the new master key', async () => {
    const { store, clock, run } = await rekeyBeside(both, oldKey)
    const before = await store.readInstance()
    const old = loadConfig({ ...testEnvironment, MASTER_KEY: oldKey })

    const refused = run(async (ms) => {
      clock.advance(ms)
      await wait(100) // the other one learns it meanwhile
    })

    await expect(refused).rejects.toThrow(ServerUnawareError)
    await expect(refused).rejects.toThrow('Running without this MASTER_KEY: process 1 on second. ')
    expect(await store.listAudit({ action: 'keys.rewrapped', limit: 9 })).toEqual([])
    expect(await store.listAudit({ action: 'rekey.refused', limit: 9 })).toHaveLength(1)
    const after = await store.readInstance()
    expect({ ...after, dataKeys: after?.dataKeys.slice(0, 1) }).toEqual(before)
    await unlockInstance(store, { config: old, clock }) // as the one that does not have it would start
  })

  it('a rekey seals anew once both have the new key, and both open what it sealed', async () => {
    const { servers, store, run, event } = await rekeyBeside(both, both)

    const done = await run(wait)

    expect(done).toMatchObject({ master_key: 'new', resealed: 2 })
    for (const { app } of servers) {
      const [value] = await store.listSealed(sealedColumns[3], null, 9)
      expect(app.keyring.open(value!.sealed, `events/${event}`).toString()).toBe('{"a":1}')
    }
  })

  it('seals with a new data key once each has it in hand, so that all open what one of them, or a command, seals', async () => {
    const serve = await serversOn(postgres)
    const { app } = await serve('maker', { env: { MASTER_KEY: oldKey } })
    const { store, clock } = app
    const config = loadConfig({ ...testEnvironment, MASTER_KEY: both })
    const masterKeys = masterKeysOf(config)
    const unlock = () => unlockInstance(store, { config, clock })
    const aServer = async (memberId: string) => {
      const keyring = await unlock()
      const member = { id: memberId, host: memberId, pid: 1 }
      await store.joinMembers(member, { at: clock.now(), silentSince: 0 })
      const learn = () => learnDataKeys({ store, keyring, clock, masterKeys, memberId })
      await learn()
      return { keyring, learn }
    }
    const [first, second] = [await aServer('srv_first'), await aServer('srv_second')]
    const sealedBy = ({ keyring }: { keyring: Keyring }) => {
      const sealed = keyring.seal('text', 'row')
      const open = () => second.keyring.open(sealed, 'row').toString()
      return { with: keyIdOf(sealed), open }
    }
    const newest = { id: 'd2', key: randomBytes(32) }
    const wrappedKey = seal(masterKeys[0]!, newest.key, dataKeyRow(newest.id))

    await store.addDataKey({ id: newest.id, wrappedKey }, clock.now())
    await first.learn()
    const early = [first, { keyring: await unlock() }].map(sealedBy)
    expect(early.map(({ open }) => open())).toEqual(['text', 'text'])

    await second.learn()
    await first.learn()
    const after = [first, second, { keyring: await unlock() }].map(sealedBy)
    expect(after.map((sealed) => sealed.with)).toEqual(['d2', 'd2', 'd2'])
    expect(after.map(({ open }) => open())).toEqual(['text', 'text', 'text'])
  })
})
