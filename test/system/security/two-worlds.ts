import type { FastifyInstance } from 'fastify'
import { callMethod, testApp, type TestApp } from '../../support/app.ts'
import { toFacts } from '../../../src/ownership/item-list.ts'
import type { Site } from '../../../src/db/ports/sites.ts'
import { aKey, anAnnouncement, aTenant, aUser, type TestKey } from '../../support/tenants.ts'

/** One of each thing that can be somebody's. */
export interface Things {
  site: string
  origin: string
  user: string
  uuid: string
  request: string
  item: number
  account: number
  key: string
}

/** What outsiders will name. */
export const named: Things = {
  site: 'erp.victim.test',
  origin: 'https://erp.victim.test',
  user: 'vera@victim.test',
  uuid: '11111111-2222-4333-8444-555555555555',
  request: 'abcdefghijklmnopqrstuvwxy2',
  item: 7_000_001,
  account: 8_000_001,
  key: 'key_of_the_victim',
}

/** What the victim has instead in the world where nobody has what is named. */
const others: Things = {
  site: 'erp.victim.other',
  origin: 'https://erp.victim.other',
  user: 'olga@victim.other',
  uuid: '99999999-2222-4333-8444-555555555555',
  request: 'zzcdefghijklmnopqrstuvwxy2',
  item: 7_000_099,
  account: 8_000_099,
  key: 'key_of_another',
}

/** A caller, and what is its own. */
interface Outsider {
  key: TestKey
  own: Things
}

export const outsiders = [
  'a tenant key of another tenant',
  'a site key of another tenant',
  'a key of a sister site',
] as const

export interface World extends TestApp {
  outsiders: Record<(typeof outsiders)[number], Outsider>
  /** Keys that may see what is named: the controls. */
  insiders: { 'its site key': TestKey; 'its tenant key': TestKey }
  /** Something happens on the victim's site. */
  tellVictim(): Promise<unknown>
  /** The database operations and Bridge calls since the last time this was asked. */
  steps(): { store: string[]; bridge: string[] }
}

/** A world in which the named things are a victim's, or in which nobody has them; everything else is alike to the last id. */
export async function aWorld(who: 'the victim has it' | 'nobody has it'): Promise<World> {
  const made = await testApp({ env: { LIMIT_PER_KEY: '0' } })
  const { app, bridge } = made
  const victims = who === 'the victim has it' ? named : others

  const victim = await aTenant(app, { name: 'victim', sites: [victims.site, 'shop.victim.test'] })
  const foreign = await aTenant(app, { name: 'foreign', sites: ['erp.foreign.test'] })
  const sisterSite = victim.sites[1]!
  await give(made, victim.site, victims)
  const ofForeign = await give(made, foreign.site, ownThings('foreign', 1))
  const ofSister = await give(made, sisterSite, ownThings('shop', 2))
  const sisterKey = await aKey(app, victim.tenant, sisterSite)

  const store = countStore(app)
  return {
    ...made,
    outsiders: {
      'a tenant key of another tenant': { key: foreign.tenantKey, own: ofForeign },
      'a site key of another tenant': { key: foreign.siteKey, own: ofForeign },
      'a key of a sister site': { key: sisterKey, own: ofSister },
    },
    insiders: { 'its site key': victim.siteKey, 'its tenant key': victim.tenantKey },
    async tellVictim() {
      const [user] = await app.store.findUsers(victim.siteKey.caller.scope)
      const event = anAnnouncement(app, user!.user)
      const body = app.keyring.seal('{"type":"connect.completed"}', `events/${event.id}`)
      return app.store.acceptEvent({ ...event, body })
    },
    steps() {
      const calls = bridge.calls.splice(0).map(({ method, path }) => `${method} ${path}`)
      return { store: store.splice(0), bridge: calls }
    },
  }
}

const ownThings = (word: string, digit: number): Things => ({
  site: word === 'shop' ? 'shop.victim.test' : 'erp.foreign.test',
  origin: `https://erp.${word}.test`,
  user: `me@${word}.test`,
  uuid: `${String(digit).repeat(8)}-aaaa-4333-8444-555555555555`,
  request: `ownabcdefghijklmnopqrstuv${digit + 1}`,
  item: 5_000_000 + digit,
  account: 6_000_000 + digit,
  key: `key_of_${word}`,
})

/** Makes a site the owner of these things, at Bridge and here. */
async function give({ app, world }: TestApp, site: Site, things: Things): Promise<Things> {
  const at = app.clock.now()
  world.addUser({ uuid: things.uuid })
  const row = world.addItem(things.uuid, { id: things.item })
  world.addAccount(things.item, { id: things.account })
  world.addTransaction(things.account)
  const user = await aUser(app, site, { name: things.user, uuid: things.uuid })
  const owner = { tenantId: site.tenantId, siteId: site.id }
  const secretHash = Buffer.alloc(32, 1)
  await app.store.createKey(
    { apiKey: things.key, ...owner, secretHash, label: null, expiresAt: null },
    { actor: 'test', at },
  )
  await app.store.keepItems(user.id, [toFacts(row)], { at, complete: false })
  await app.store.keepAccounts([{ id: things.account, itemId: things.item }], at)
  await app.store.openConnectRequest(
    {
      id: things.request,
      userId: user.id,
      bank: 'Demo Bank',
      redirectUrl: `${things.origin}/app/bank`,
      accountTypes: 'all',
      managedItemId: null,
      openedAt: at,
      expiresAt: at + 24 * 60 * 60_000,
    },
    { id: site.id, origin: things.origin, webhookUrl: null },
    { actor: 'test', at },
  )
  return things
}

/** What is gathered in memory and stored by the clock on the wall: no part of any one call. */
const byTheWay = new Set(['addCalls', 'audit'])

/** The names of the store's operations as they are called. */
function countStore(app: FastifyInstance): string[] {
  const called: string[] = []
  const operations = app.store as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const [name, operation] of Object.entries(operations)) {
    if (name === 'close') continue
    operations[name] = (...args) => {
      if (!byTheWay.has(name)) called.push(name)
      return operation(...args)
    }
  }
  return called
}

/** Calls a method and tells all that a caller could learn from it, and what it cost. */
export async function ask(world: World, name: string, args: object, key: TestKey) {
  world.steps()
  const { status, text: said, headers } = await callMethod(world.app, name, args, { as: key })
  // A new secret is like no other.
  const text = said.replace(/("api_secret":)"[\w-]{43}"/, '$1"…"')
  const told = Object.fromEntries(
    Object.entries(headers).filter(([header]) => header !== 'date' && header !== 'x-request-id'),
  )
  // Whoever writes the audit or the call log does so after the answer, whenever it likes.
  const { store, bridge } = world.steps()
  // A cursor is enciphered with the installation's own secret, which is random.
  const alike = text
    .replace(/"cursor":"[\w-]{22}"/, '"cursor":"…"')
    .replace(/(\/portal\/enter\/\w+\.)[\w-]{43}/, '$1…')
  return { status, text: alike, headers: told, store, bridge }
}
