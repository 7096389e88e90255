import { describe, expect, it } from 'vitest'
import { methods } from '../../../src/routes/index.ts'
import { callMethod } from '../../support/app.ts'
import { aKey } from '../../support/tenants.ts'
import { ask, aWorld, named, outsiders, type Things, type World } from './two-worlds.ts'

/** Which of a victim's things an argument can name. */
const kinds: Record<string, (keyof Things)[]> = {
  item_id: ['item'],
  account_id: ['account'],
  request: ['request'],
  user: ['user', 'uuid'],
  site: ['site'],
  base_url: ['origin'],
  redirect_url: ['origin'],
  webhook_url: ['origin'],
  api_key: ['key'],
}

/** Arguments that name nothing anybody owns. */
const neutral = new Set([
  'lang', 'since', 'until', 'min_date', 'max_date', 'bank', 'bank_id', 'category_id',
  'email', 'country', 'account_types', 'cursor', 'types', 'limit',
  'label', 'read_only', 'month',
]) // prettier-ignore

const link = ({ origin, user, site }: Things) => ({
  redirect_url: `${origin}/app/bank`,
  base_url: origin,
  user,
  site,
  bank: 'Another Bank',
})

/** For each method, a call about things of one's own that is answered; the matrix then changes one argument at a time. */
const rows: Record<string, (own: Things) => Record<string, unknown>> = {
  get_bridge_connect_link: link,
  get_bridge_edit_link: (own) => ({ ...link(own), item_id: own.item }),
  get_sca_authentication_link: (own) => ({ ...link(own), item_id: own.item }),
  get_pro_confirmation_link: (own) => ({ ...link(own), user: undefined, item_id: own.item }),
  get_bridge_item_id: (own) => ({ request: own.request }),
  get_bridge_item_details: (own) => ({ item_id: own.item, user: own.user }),
  delete_bridge_item_id: (own) => ({ item_id: own.item, user: own.user }),
  post_item_refresh: (own) => ({ item_id: own.item, user: own.user }),
  get_bank_accounts: (own) => ({ item_id: own.item, user: own.user }),
  get_single_bank: () => ({ bank_id: 574 }),
  get_bank_transactions_by_account: (own) => ({ account_id: own.account, user: own.user }),
  get_bank_transactions: (own) => ({ user: own.user }),
  get_category: () => ({ category_id: 273 }),
  get_webhook_secret: () => ({}),
  list_sites: () => ({}),
  create_site_key: (own) => ({ site: own.site }),
  revoke_site_key: (own) => ({ api_key: own.key }),
  get_usage: () => ({}),
  get_events: ({ site }) => ({ site, since: '2000-01-01' }),
  get_portal_link: ({ site }) => ({ site }),
}

const served = methods.map(({ name, params, effect }) => ({
  name: name.replace('bank_api.bridge.', ''),
  effect,
  words: Object.keys((params as unknown as { shape: object }).shape),
}))

/** Every method × every argument that can name something × every kind of thing it can name; and all of them at once. */
const cases = served.flatMap(({ name, words }) => {
  const naming = words.flatMap((word) => (kinds[word] ?? []).map((kind) => ({ word, kind })))
  const single = naming.map(({ word, kind }) => ({
    name,
    what: `${word} = ${kind}`,
    words: [word],
    kind,
  }))
  const all = {
    name,
    what: 'everything',
    words: words.filter((word) => kinds[word]),
    kind: undefined,
  }
  return naming.length > 1 ? [...single, all] : single
})

function argumentsOf(
  { name, words, kind }: (typeof cases)[number],
  own: Things,
): Record<string, unknown> {
  const changed = words.map((word) => {
    const thing = kind ?? kinds[word]![0]!
    const value =
      word === 'redirect_url' || word === 'webhook_url' ? `${named.origin}/x` : named[thing]
    return [word, value]
  })
  return { ...rows[name]!(own), ...Object.fromEntries(changed) }
}

it('every method has a row, and every argument is either somebody’s or nobody’s', () => {
  const names = served.map(({ name }) => name)
  const words = new Set(served.flatMap((method) => method.words))

  expect(names.filter((name) => !(name in rows))).toEqual([])
  expect([...words].filter((word) => !(word in kinds) && !neutral.has(word))).toEqual([])
})

const table = outsiders.flatMap((outsider) =>
  served
    .map(({ name }) => ({ outsider, name, all: cases.filter((one) => one.name === name) }))
    .filter(({ all }) => all.length > 0),
)

describe('what is another’s answers as what is nobody’s, to the byte and with the same work:', () => {
  it.each(table)('$name to $outsider', async ({ outsider, all }) => {
    // Both worlds live through the same calls in the same order, so that they differ in nothing but the victim.
    const theirs = await aWorld('the victim has it')
    const nobodys = await aWorld('nobody has it')
    const answers = async (world: World) => {
      const { key, own } = world.outsiders[outsider]
      const told = []
      for (const one of all) {
        told.push([one.what, await ask(world, one.name, argumentsOf(one, own), key)] as const)
      }
      return told
    }

    const told = await answers(theirs)

    expect(told).toEqual(await answers(nobodys))
    for (const [what, { status, text }] of told) {
      expect(status, what).toBeLessThan(500)
      for (const word of ['FR33', 'Marché', 'Compte courant', named.user]) {
        if (what === 'everything') expect(text).not.toContain(word)
      }
    }
    expect(theirs.bridge.unhandled).toEqual([])
  })
})

describe('the matrix would notice, for the owner’s own keys tell the worlds apart:', () => {
  const telling = cases.filter(({ kind }) => kind !== 'origin' && kind !== 'site')

  it.each(['its site key', 'its tenant key'] as const)('%s', async (insider) => {
    const theirs = await aWorld('the victim has it')
    const silent: string[] = []

    const isDeleting = ({ name }: { name: string }) => name === 'delete_bridge_item_id'
    // Nothing brings the item back.
    const deletingLast = telling.toSorted((a, b) => Number(isDeleting(a)) - Number(isDeleting(b)))

    for (const { name, kind } of deletingLast) {
      if (kind !== 'item' && kind !== 'request') continue
      const { status } = await ask(
        theirs,
        name,
        { ...rows[name]!(named) },
        theirs.insiders[insider],
      )
      if (status !== 200) silent.push(`${name}: ${status}`)
    }

    expect(silent).toEqual([])
  })
})

describe('an event is told to nobody but its site and its tenant, by its cursor or without:', () => {
  it.each(outsiders)('%s', async (outsider) => {
    const world = await aWorld('the victim has it')
    const { key } = world.outsiders[outsider]
    const as = world.insiders['its site key']
    const { cursor } = (await callMethod(world.app, 'get_events', {}, { as })).message
    await world.tellVictim()

    const told = await Promise.all(
      [{ cursor }, { since: '2000-01-01' }, { cursor: 'A'.repeat(22) }].map((args) =>
        callMethod(world.app, 'get_events', args, { as: key }),
      ),
    )
    const own = await callMethod(world.app, 'get_events', { cursor }, { as })

    expect(own.message.events).toHaveLength(1)
    for (const { text } of told) expect(text).not.toContain(own.message.events[0].id)
    const isOfTenant = outsider === 'a key of a sister site'
    // Of another tenant a cursor reads as one that is nobody's.
    if (!isOfTenant) expect(told[0]?.text).toBe(told[2]?.text)
  })
})

describe('each row is a call that is answered, for things of one’s own:', () => {
  it.each(outsiders)('%s', async (outsider) => {
    const world = await aWorld('nobody has it')
    const { key, own } = world.outsiders[outsider]
    const refused: string[] = []

    const last = (name: string) => Number(name === 'delete_bridge_item_id')
    for (const { name } of served.toSorted((a, b) => last(a.name) - last(b.name))) {
      const { status, text } = await ask(world, name, rows[name]!(own), key)
      if (status !== 200) refused.push(`${name}: ${text}`)
    }

    expect(refused.map((line) => line.split(':', 1)[0])).toEqual(
      isOfTenant(outsider) ? ['get_webhook_secret'] : ofHosts,
    )
  })
})

describe('a key that may only read is answered as any other, and refused before anything is looked up:', () => {
  it.each(outsiders)('%s', async (outsider) => {
    const world = await aWorld('nobody has it')
    const { key, own } = world.outsiders[outsider]
    const { tenant, site } = key.caller
    const reader = await aKey(world.app, tenant, site, { readOnly: true })
    const told: Record<string, string> = {}
    const done: string[] = []

    for (const { name, effect } of served) {
      const { status, text, store, bridge } = await ask(world, name, rows[name]!(own), reader)
      const { code } = JSON.parse(text) as { code?: string }
      told[name] = `${effect}: ${code ?? status}`
      if (effect !== 'reads')
        done.push(...bridge, ...store.filter((each) => !isOfAuthentication(each)))
    }

    const answered = (name: string) =>
      ofHosts.includes(name) && !isOfTenant(outsider) ? 'tenant_key_required' : 200
    const expected = served.map(({ name, effect }) => [
      name,
      `${effect}: ${effect === 'reads' ? answered(name) : 'key_read_only'}`,
    ])
    expect(told).toEqual(Object.fromEntries(expected))
    expect(done).toEqual([])
  })

  it('what changes something, or reveals a secret, is known by name', () => {
    expect(served.filter(({ effect }) => effect !== 'reads').map(({ name }) => name)).toEqual([
      'get_bridge_connect_link',
      'get_bridge_edit_link',
      'get_sca_authentication_link',
      'get_pro_confirmation_link',
      'delete_bridge_item_id',
      'post_item_refresh',
      'get_webhook_secret',
      'get_portal_link',
      'create_site_key',
      'revoke_site_key',
    ])
  })
})

/** Methods for tenant keys alone. */
const ofHosts = ['list_sites', 'create_site_key', 'revoke_site_key', 'get_usage']

const isOfTenant = (outsider: (typeof outsiders)[number]) =>
  outsider === 'a tenant key of another tenant'

/** What it takes to know a key. */
const isOfAuthentication = (operation: string) => ['findKey', 'touchKey'].includes(operation)
