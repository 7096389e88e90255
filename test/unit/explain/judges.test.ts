import { describe, expect, it } from 'vitest'
import type { ListedCall, ListedEvent, ListedRequest } from '../../../src/db/ports/history.ts'
import type { HeldItem } from '../../../src/explain/story.ts'
import type { LimitName } from '../../../src/errors.ts'
import { shortMethod, wholeMethod } from '../../../src/explain/call-verdict.ts'
import { limitTexts } from '../../../src/explain/limit-texts.ts'
import type { Story } from '../../../src/explain/story.ts'
import { linesOf, stepsOf } from '../../../src/explain/timeline.ts'
import { verdictOf } from '../../../src/explain/judges.ts'
import { codes } from '../../../src/texts/codes.ts'
import { explained } from '../../../src/texts/explained.ts'
import type { Code } from '../../../src/texts/say.ts'

const hour = 3_600_000
const day = 24 * hour
const now = 1_000 * day

const site = {
  id: 'sit_1',
  tenantId: 'ten_1',
  name: 'erp.acme.test',
  origin: 'https://erp.acme.test',
  allowedOrigins: [],
  webhookUrl: 'https://erp.acme.test/hook',
  timeZone: 'Europe/Paris',
  remindBy: 'mail' as const,
  createdAt: 1,
  removedAt: null,
}
const user = { id: 'usr_1', siteId: site.id, name: 'ann', userUuid: 'uuid' }
const endpoint = {
  failingSince: null,
  lastFailureAt: null,
  jumpedMs: 0,
  streak: 0,
  holdUntil: 0,
  concurrency: 4,
  disabledAt: null,
  disabledReason: null,
}
const key = {
  apiKey: 'key_1',
  tenantId: 'ten_1',
  siteId: site.id,
  previousSecretUntil: null,
  rotatedAt: null,
  label: null,
  createdAt: 1,
  lastUsedAt: now - hour,
  expiresAt: null,
  revokedAt: null,
  bridgeVersion: '2025-01-15',
  lists: 'array',
  links: 'object',
  readOnly: false,
} as const

const aStory = (kind: Story['subject']['kind'], fields: Partial<Story> = {}): Story => ({
  subject: { kind, id: '7' },
  tenant: { name: 'acme', disabledAt: null },
  site,
  user,
  key,
  endpoint,
  items: [],
  requests: [],
  events: [],
  calls: [],
  audit: [],
  named: [],
  ...fields,
})

const aCall = (fields: Partial<ListedCall> = {}): ListedCall => ({
  id: 'req_1',
  at: now - hour,
  method: 'bank_api.bridge.get_bank_accounts',
  status: 200,
  excType: null,
  refusal: null,
  durationMs: 600,
  tenantId: 'ten_1',
  siteId: site.id,
  apiKey: 'key_1',
  request: null,
  itemId: null,
  bridge: [{ call: 'GET /v3/aggregation/accounts', status: 200, ms: 500 }],
  tenant: 'acme',
  site: site.name,
  ...fields,
})

const refused = (code: Code, limit: LimitName | null = null) =>
  aCall({
    status: codes[code].status,
    refusal: { code, message: 'said', named: { id: 7 }, limit },
  })

const anItem = (fields: Partial<HeldItem['item']> = {}): HeldItem => ({
  item: {
    id: 7,
    userId: user.id,
    providerId: 574,
    providerName: 'Demo Bank',
    bank: null,
    accountTypes: 'all',
    status: 0,
    statusCodeInfo: 'ok',
    authenticationExpiresAt: now + 100 * day,
    lastSuccessAt: now - 3 * hour,
    lastTryAt: now - 3 * hour,
    createdAt: 1,
    updatedAt: now - hour,
    unreachableAt: null,
    goneAt: null,
    toldStatus: null,
    helpAskedAt: null,
    refreshGaps: '',
    expectedAt: null,
    staleDueAt: null,
    remindedOf: null,
    remindedDays: null,
    mailedOf: null,
    mailedDays: null,
    mailedAt: null,
    mailEnd: null,
    mailDeferredAt: null,
    compareFrom: null,
    ...fields,
  },
  user: { ...user, email: null, language: null },
  site,
  tenant: 'acme',
  accounts: [71],
})

const anEvent = (fields: Partial<ListedEvent> = {}): ListedEvent => ({
  seq: 1,
  id: 'evt_1',
  type: 'item.refreshed',
  userId: user.id,
  siteId: site.id,
  itemId: 7,
  occurredAt: now - hour,
  receivedAt: now - hour,
  handledAt: now - hour,
  failures: 0,
  tenant: 'acme',
  site: site.name,
  hasBody: true,
  delivery: aDelivery('delivered', 200),
  ...fields,
})

const aDelivery = (
  state: 'pending' | 'delivered' | 'dead',
  status: number | null,
  error: string | null = null,
): NonNullable<ListedEvent['delivery']> => ({
  id: 'dlv_1',
  state,
  createdAt: now - hour,
  dueAt: state === 'pending' ? now + hour : null,
  settledAt: state === 'pending' ? null : now - hour + 400,
  attempts: 1,
  nextTryAt: state === 'pending' ? now + hour : null,
  tries: [{ number: 1, startedAt: now - hour, durationMs: 200, status, error }],
})

const told = (story: Story): string => {
  const { what, remedy, commands = [] } = verdictOf(story, now)
  return [what.en, remedy?.en, ...commands].filter(Boolean).join(' | ')
}

describe('a verdict on a call', () => {
  it('that went well says how long it took, and how much of it at Bridge', () => {
    expect(told(aStory('call', { calls: [aCall()] }))).toBe(
      'get_bank_accounts was answered with 200 in 0.6 s, 0.5 s of it at Bridge.',
    )
  })

  it.each(Object.keys(codes) as Code[])('that was refused with %s says why', (code) => {
    const { what, remedy } = verdictOf(aStory('call', { calls: [refused(code)] }), now)

    expect(what.en).toContain(`refused with ${codes[code].status} ${code}. `)
    expect(what.en.length).toBeGreaterThan(70)
    expect(what.fr).toContain(`refusé avec ${codes[code].status} ${code}. `)
    expect(what.fr.length).toBeGreaterThan(70)
    if (explained[code].whose === 'the gateway') expect(remedy).toBeDefined()
  })

  it.each(Object.keys(limitTexts) as LimitName[])('names the limit that was met: %s', (limit) => {
    const code = limit.startsWith('bridge') ? 'bridge_quota_spent' : 'too_many_calls'

    expect(told(aStory('call', { calls: [refused(code, limit)] }))).toContain(
      limitTexts[limit].met.en,
    )
  })

  it.each([
    ['revoked', { key: { ...key, revokedAt: now - 2 * day } }, 'was revoked 2 d ago'],
    ['expired', { key: { ...key, expiresAt: now - 2 * day } }, 'expired 2 d ago'],
    ['rotated', { key: { ...key, rotatedAt: now - 2 * day } }, 'a new secret, made 2 d ago'],
    ['good', {}, 'is good, but its secret is another'],
    ['of a disabled tenant', { tenant: { name: 'acme', disabledAt: 1 } }, 'acme is disabled'],
    ['gone', { key: null }, 'not here any more'],
  ] as const)('whose key is %s says so', (_how, fields, words) => {
    expect(told(aStory('call', { ...fields, calls: [refused('credentials_invalid')] }))).toContain(
      words,
    )
  })

  const slow = { ...site, id: 'sit_2', name: 'slow.acme.test' }
  const named = {
    what: { en: 'Item 7', fr: 'La connexion 7' },
    tenant: 'acme',
    site: slow,
    user: 'ben',
    goneAt: null,
  }
  it.each([
    ['another site’s', named, 'Item 7 belongs to ben on slow.acme.test of tenant acme, which'],
    [
      'another tenant’s',
      { ...named, tenant: 'other', site: { ...slow, tenantId: 'ten_2' } },
      'Each tenant sees its own',
    ],
    ['its own, and gone', { ...named, site, goneAt: now - day }, 'went 24 h ago'],
    ['its own', { ...named, site }, 'the call named another user or site'],
    ['nobody’s', undefined, 'There is none of that name or number here'],
  ])('that named what is %s says so', (_whose, one, words) => {
    const story = aStory('call', { calls: [refused('item_not_found')], named: one ? [one] : [] })

    expect(told(story)).toContain(words)
  })

  it('that Bridge did not answer says what was asked of it', () => {
    const bridge = [{ call: 'GET /v3/aggregation/accounts', status: null, ms: 9 }]
    const call = { ...refused('bridge_unavailable'), bridge }

    expect(told(aStory('call', { calls: [call] }))).toContain(
      'Asked was GET /v3/aggregation/accounts: no answer.',
    )
  })
})

describe('a verdict on an item', () => {
  it.each([
    ['well', {}, 'Item 7 (Demo Bank) of ann on erp.acme.test works, read from the bank 3 h ago;'],
    ['without a consent', { authenticationExpiresAt: now - day }, 'get_sca_authentication_link'],
    ['gone', { goneAt: now - day }, 'get_bridge_connect_link'],
    ['not found', { unreachableAt: now - day }, 'was not found by Bridge 24 h ago'],
    ['wanting credentials', { status: 402 }, 'get_bridge_edit_link'],
  ])('that is %s', (_how, fields, words) => {
    expect(told(aStory('item', { items: [anItem(fields)] }))).toContain(words)
  })

  it('that was deleted says by whom', () => {
    const entry = { id: 1, at: now - day, tenantId: 'ten_1', actor: 'key:key_1', count: 1 }
    const deleted = { ...entry, action: 'item.deleted', subject: '7', detail: null, bucket: null }

    expect(told(aStory('item', { audit: [deleted] }))).toContain(
      'Item 7 was deleted 24 h ago by key:key_1.',
    )
  })

  it('whose site refuses its webhooks says so too', () => {
    const events = [anEvent({ delivery: aDelivery('dead', 404) })]

    expect(told(aStory('item', { items: [anItem()], events }))).toContain(
      'bank-api webhook replay --tenant acme --site erp.acme.test --state dead',
    )
  })

  it('whose dead webhooks nobody can send again asks for nothing', () => {
    const events = [anEvent({ delivery: aDelivery('dead', 404), hasBody: false })]

    expect(told(aStory('item', { items: [anItem()], events }))).not.toContain('given up')
  })
})

const aLink = (fields: Partial<ListedRequest['request']>): ListedRequest => ({
  request: {
    id: 'abc',
    userId: user.id,
    state: 'pending',
    bank: null,
    redirectUrl: 'https://erp.acme.test/app/bank',
    accountTypes: 'all',
    managedItemId: null,
    lastTryAt: null,
    itemId: null,
    step: null,
    openedAt: now - 2 * day,
    expiresAt: now + 3 * hour,
    completedAt: null,
    callbacks: 0,
    claimedItemId: null,
    claimedStep: null,
    matchedAt: null,
    ...fields,
  },
  user,
  site,
  tenant: 'acme',
})

describe('a verdict on a link', () => {
  it.each([
    [{}, /^Nobody has come back from the bank yet .*; it expires in 3 h\.$/],
    [
      { state: 'failed', step: 'otp_form' },
      /ended without a bank, at step otp_form; it may still be completed until it expires, in 3 h/,
    ],
  ] as const)('without a bank says until when it is good: %j', (fields, said) => {
    expect(told(aStory('request', { requests: [aLink(fields)] }))).toMatch(said)
  })

  it.each([
    [{}, /^The link of ann on erp.acme.test will be completed once its connection works\. Item 7/],
    [{ state: 'failed', step: 'otp_form' }, /failed, at step otp_form; it will be completed once/],
  ] as const)('whose bank does not work yet says that it waits for that: %j', (fields, said) => {
    const requests = [aLink({ itemId: 7, expiresAt: now - day, ...fields })]
    const story = aStory('request', { requests, items: [anItem({ status: 1007 })] })

    expect(told(story)).toMatch(said)
    expect(told(story)).toContain('has status 1007')
    expect(told(story)).not.toContain('expires')
  })

  it.each([
    ['deleted', []],
    ['gone', [anItem({ status: 1007, goneAt: now - hour })]],
  ] as const)('that failed, and whose bank is %s, says that nothing comes of it', (_, items) => {
    const link = aLink({ itemId: 7, state: 'failed', step: 'otp_form' })

    const said = told(aStory('request', { requests: [link], items: [...items] }))

    expect(said).toMatch(/failed, at step otp_form, and its connection is gone\. .*new link/)
  })
})

describe('a verdict on an event', () => {
  it.each([
    ['delivered', {}, 'was delivered 0.4 s after it came, on try 1, which took 0.2 s.'],
    [
      'kept, of a site that has a URL by now',
      { delivery: null },
      'was kept: the site had no webhook URL then. | Send it now: | bank-api webhook replay evt_1',
    ],
    [
      'kept no more',
      { delivery: null, hasBody: false },
      'is not sent any more: its connection was deleted, or its body is past its time.',
    ],
    ['not applied', { handledAt: null, failures: 3 }, 'is not applied yet, after 3 failures.'],
    ['not applied since', { handledAt: null, failures: 1 }, 'is not applied yet, after 1 failure.'],
    ['to be applied', { handledAt: null }, 'is not applied yet. |'],
    ['to be tried again', { delivery: aDelivery('pending', 301) }, 'edirect'],
    [
      'given up',
      { delivery: aDelivery('dead', 403) },
      "given up after 1 try; the site's last answer: 403. | ",
    ],
    [
      'of a bad certificate',
      { delivery: aDelivery('dead', null, 'CERT_HAS_EXPIRED') },
      'The certificate has ended',
    ],
  ])('that is %s', (_how, fields, words) => {
    expect(told(aStory('event', { events: [anEvent(fields)] }))).toContain(words)
  })

  it('that is kept says that its site wants a URL, and how it is sent then', () => {
    const events = [anEvent({ delivery: null })]

    expect(told(aStory('event', { events, site: { ...site, webhookUrl: null } }))).toContain(
      'was kept: the site has no webhook URL. | Name one, and send this again: | bank-api site update erp.acme.test --tenant acme --webhook-url https://NEW.ADDRESS | bank-api webhook replay evt_1',
    )
  })

  it.each([
    ['kept', null],
    ['given up', aDelivery('dead', 403)],
  ])('that was %s and has no body any more offers no command', (_how, delivery) => {
    const events = [anEvent({ delivery, hasBody: false })]

    for (const url of [site.webhookUrl, null]) {
      const story = aStory('event', { events, site: { ...site, webhookUrl: url } })
      const { remedy, commands } = verdictOf(story, now)

      expect([remedy, commands]).toEqual([undefined, []])
      expect(told(story)).toContain('not sent any more')
    }
  })

  it('whose endpoint is disabled says how it is enabled', () => {
    const events = [anEvent({ delivery: aDelivery('pending', 500) })]
    const off = { ...endpoint, disabledAt: now - day }

    expect(told(aStory('event', { events, endpoint: off }))).toContain(
      "the endpoint was disabled 24 h ago; the site's last answer: 500. | The site fails while it takes the webhook: look at its own error log. 502 to 504 are its proxy's. Then: | bank-api webhook enable erp.acme.test --tenant acme",
    )
  })

  it('whose tenant is disabled says that nothing is sent, and how it works again', () => {
    const delivery = { ...aDelivery('pending', 500), dueAt: now - hour, nextTryAt: null }
    const tenant = { name: 'acme', disabledAt: now - day }

    expect(told(aStory('event', { events: [anEvent({ delivery })], tenant }))).toContain(
      "is not sent: the tenant was disabled 24 h ago; the site's last answer: 500. | Let it work again: | bank-api tenant enable acme",
    )
  })

  it('whose site is being deleted says so', () => {
    const delivery = { ...aDelivery('pending', 500), dueAt: now - hour, nextTryAt: null }
    const events = [anEvent({ delivery })]

    expect(told(aStory('event', { events, site: { ...site, removedAt: now - day } }))).toContain(
      "is not sent: the site is being deleted; the site's last answer: 500.",
    )
  })
})

describe('a verdict on a key and on a site', () => {
  it('tells how the last calls fared', () => {
    const calls = [aCall(), refused('item_not_found')]

    expect(told(aStory('key', { calls }))).toContain(
      'The key of erp.acme.test is good and was last used 60 m ago. Of its last 2 calls 1 was refused 60 m ago: ',
    )
    expect(told(aStory('site', { calls }))).toContain('No webhook was tried yet.')
    expect(told(aStory('site', { calls, events: [anEvent()] }))).toContain(
      'Its webhooks are taken.',
    )
    expect(told(aStory('site', { calls }))).toContain('bank-api explain req_1')
  })

  it('of one call speaks of one', () => {
    const ofOne = (call: ListedCall) => verdictOf(aStory('key', { calls: [call] }), now).what

    expect(ofOne(aCall()).en).toMatch(/ Its last call went well\.$/)
    expect(ofOne(aCall()).fr).toMatch(/ Son dernier appel s’est bien passé\.$/)
    expect(ofOne(refused('item_not_found')).en).toContain(' Its last call was refused 60 m ago: ')
    expect(ofOne(refused('item_not_found')).fr).toContain(' Son dernier appel a été refusé il y a ')
  })

  it('of a site tells how many webhooks wait', () => {
    const untried = { ...aDelivery('pending', null), tries: [] }
    const waiting = [untried, untried, aDelivery('pending', 503)].map((delivery) =>
      anEvent({ delivery }),
    )
    const wait = (story: Partial<Story>) => told(aStory('site', story))

    expect(wait({ events: [anEvent(), ...waiting] })).toContain(
      'The last try was not taken: 503; of its last 4 events 3 wait to be delivered.',
    )
    const taken = { ...anEvent(), receivedAt: now }
    taken.delivery!.tries[0]!.startedAt = now
    expect(wait({ events: [...waiting, taken] })).toContain(
      'The last try was taken; of its last 4 events 3 wait to be delivered.',
    )
    expect(
      wait({ events: [anEvent({ delivery: aDelivery('dead', null, 'ECONNREFUSED') })] }),
    ).toContain('The last try was not taken: ECONNREFUSED.')
    expect(
      wait({ events: [untried, taken.delivery].map((delivery) => anEvent({ delivery })) }),
    ).toContain('of its last 2 events 1 waits to be delivered.')
    expect(wait({ events: waiting.slice(0, 1) })).toContain(
      'No webhook was tried yet; its last event waits to be delivered.',
    )
    expect(wait({ events: waiting.slice(0, 2) })).toContain(
      'No webhook was tried yet; of its last 2 events 2 wait to be delivered.',
    )
    const failing = { ...endpoint, failingSince: now - 2 * hour }
    expect(wait({ events: waiting, endpoint: failing })).toContain(
      'Its webhooks began to fail 2 h ago; of its last 3 events 3 wait to be delivered.',
    )
  })
})

it('what follows each other and differs in time alone is one line', () => {
  const events = Array.from({ length: 12 }, (_, n) =>
    anEvent({ seq: n, type: 'item.account.created', receivedAt: now - hour + n }),
  )

  expect(linesOf(aStory('item', { events })).map(({ text }) => text.en)).toEqual([
    '12 × item.account.created delivered, 0.2 s',
  ])
})

it('what is not sent any more is not said to be kept', () => {
  const events = [anEvent({ delivery: null, hasBody: false })]

  expect(linesOf(aStory('event', { events })).map(({ text }) => text.en)).toEqual([
    'item.refreshed is not sent any more',
  ])
  expect(stepsOf(aStory('event', { events })).flatMap(({ detail }) => detail)).toContain(
    'no delivery: its connection was deleted, or its body is past its time',
  )
})

it.each([
  ['get_bank_accounts', 'bank_api.bridge.get_bank_accounts', null],
  ['frappe.auth.get_logged_user', 'frappe.auth.get_logged_user', null],
  ['/api/method/get_bank_accounts', 'get_bank_accounts', 'method_unknown'],
  ['unknown', 'unknown', null],
  ['bridge/callback', 'bridge/callback', null],
  ['/api/method/bank_api.bridge.get_acounts', 'bank_api.bridge.get_acounts', 'method_unknown'],
])('%s is how a call of %s is shown, and asked for', (shown, method, code) => {
  expect(shortMethod(method, code)).toBe(shown)
  expect(wholeMethod(shown)).toBe(method)
})

it('an event that waits says how often it was tried', () => {
  const delivery = aDelivery('pending', 503)
  const events = [{ ...delivery, tries: [] }, delivery].map((one, n) =>
    anEvent({ seq: n, receivedAt: now - hour + n, delivery: one }),
  )

  expect(linesOf(aStory('item', { events })).map(({ text }) => text.en)).toEqual([
    'item.refreshed waits, not tried yet',
    'item.refreshed waits after 1 try (503), 0.2 s',
  ])
})
