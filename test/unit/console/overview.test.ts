import { describe, expect, it, test } from 'vitest'
import { createExaminer } from '../../../src/console/examined.ts'
import { overviewReader } from '../../../src/console/facts/overview.ts'
import { overviewPage } from '../../../src/console/pages/overview.ts'
import { warning, type Finding } from '../../../src/doctor/finding.ts'
import type { Language } from '../../../src/language.ts'
import { testApp } from '../../support/app.ts'
import { testClock } from '../../support/clock.ts'
import { aVisitor } from '../../support/console.ts'
import { plansOf } from '../../support/query-plans.ts'
import { aTenant, aUser, itemFacts, testBy } from '../../support/tenants.ts'

const env = { CONSOLE: 'true' }
const day = 24 * 60 * 60_000

async function aConsole() {
  const made = await testApp({ env })
  return { ...made, visitor: await aVisitor(made.app) }
}

/** What a page says, without its markup. */
const textOf = (page: string): string =>
  page
    .replaceAll(/<style>.*?<\/style>/gs, '')
    .replaceAll(/<[^>]+>/g, ' ')
    .replaceAll(/\s+/g, ' ')

describe('the overview', () => {
  it('says in both languages how the installation is', async () => {
    const { app, visitor } = await aConsole()
    const { site } = await aTenant(app, { sites: ['erp.acme.test'] })
    const user = await aUser(app, site, { name: 'ann' })
    const end = app.clock.now() + 3 * day
    await app.store.keepItems(
      user.id,
      [itemFacts({ id: 7, authenticationExpiresAt: end }), itemFacts({ id: 8, status: 402 })],
      { at: app.clock.now(), complete: false },
    )

    const { body } = await visitor.get('/console')
    const english = textOf(body)
    const french = textOf((await visitor.get('/console', { 'accept-language': 'fr' })).body)

    expect(english).toContain('tenants: 1, sites: 1, connections: 2')
    expect(english).toMatch(/erp\.acme\.test acme 2 need attention/)
    expect(english).toContain('in 3 days')
    expect(english).toMatch(/Last copy .+ Servers this one alone Kept/)
    expect(english).toContain('within two weeks 1')
    const marks = [...body.matchAll(/<text .*?>(\d+ \w+)</gs)].map(([, mark]) => mark)
    const lastWeek = new Date(app.clock.now() + 25 * 7 * day).getUTCDate()
    expect(marks).toHaveLength(6)
    expect(marks.at(-1)).toMatch(new RegExp(`^${lastWeek} `))
    expect(french).toContain('erp.acme.test acme 2 à traiter')
    expect(french).toContain('dans 3 jours')
  })

  it('shows names that tenants chose as text, and weighs no more than 60 KB with the longest', async () => {
    const { app, visitor } = await aConsole()
    const name = (at: number) => `<script>alert(${at})</script>"'&`.padEnd(140, 'é')
    await aTenant(app, {
      name: '<b>'.padEnd(140, '&'),
      sites: Array.from({ length: 30 }, (_, at) => name(at)),
    })

    const { body } = await visitor.get('/console')

    expect(body).toContain('&lt;script&gt;alert(10)')
    expect(body).not.toContain('<script')
    expect(Buffer.byteLength(body)).toBeLessThan(60 * 1024)
  })

  it('turns its pages, and shows the last one to whoever asks for more', async () => {
    const { app, visitor } = await aConsole()
    const sites = Array.from({ length: 60 }, (_, at) => `site-${String(at).padStart(2, '0')}.test`)
    await aTenant(app, { sites })
    const namesOn = async (query: string) =>
      textOf((await visitor.get(`/console${query}`)).body).match(/site-\d\d/g)

    expect(await namesOn('')).toHaveLength(25)
    expect((await namesOn('?page=2'))?.[0]).toBe('site-25')
    expect(await namesOn('?page=3')).toHaveLength(10)
    expect(await namesOn('?page=99')).toEqual(await namesOn('?page=3'))
    expect(await namesOn('?page=x')).toEqual(await namesOn(''))
  })

  it('has no script and no style but ours, loads nothing from elsewhere, and is in nobody’s frame', async () => {
    const { visitor } = await aConsole()

    const { body, headers } = await visitor.get('/console')

    expect(headers['content-security-policy']).toMatch(
      /^default-src 'none'; style-src( 'sha256-[\w+/=]+')+; base-uri 'none'; frame-ancestors 'none'; form-action 'self'$/,
    )
    expect(headers['cache-control']).toBe('no-store')
    expect(body).not.toMatch(/ style="|<script|src="|https?:\/\/(?!www\.w3\.org)/)
  })
})

describe('what doctor finds', () => {
  const finding = (level: Finding['level'], check: string): Finding => ({
    code: 'backup.none',
    check,
    level,
    message: 'm',
  })

  it('is shown the worst first, and what is well not at all', async () => {
    const examiner = createExaminer({
      examine: async () => [finding('ok', 'a'), finding('warning', 'b'), finding('critical', 'c')],
      clock: testClock(),
      onError: () => {},
    })

    const found = await examiner.latest()

    expect(found?.findings.map(({ check }) => check)).toEqual(['c', 'b'])
  })

  it('is said in the reader’s language', async () => {
    const { app } = await testApp()
    const at = app.clock.now()
    const message = { en: 'deliveries fail', fr: 'les livraisons échouent' }
    const remedy = { en: 'Look at `the site`.', fr: 'Regardez `le site`.' }
    const findings = [warning('site.failing', 'site <erp>', message, remedy)]
    const latest = async () => ({ at, findings })
    const examiner = { latest, anew: latest }
    const { bridge, ...overview } = await overviewReader({
      store: app.store,
      clock: app.clock,
      bridgeStatus: app.bridgeStatus,
      examiner,
      copies: undefined,
    })(1)
    const since = at - 3 * 60_000
    const down = {
      ...bridge,
      breaker: { ...bridge.breaker, open: true, since },
      credentials: { ...bridge.credentials, refused: true, refusedSince: since },
    }
    const members = [{ host: 'two', pid: 7, seenAt: since, isLiving: false }]
    const frame = { who: 'anne', csrf: 'c', translation: '?lang=fr', path: '/console' }
    const pageIn = (language: Language) =>
      textOf(overviewPage({ ...frame, language }, { ...overview, bridge: down, members }).markup)

    expect(pageIn('en')).toContain('WARN site &lt;erp&gt; deliveries fail Look at the site .')
    expect(pageIn('fr')).toContain(
      'ALERTE site &lt;erp&gt; les livraisons échouent Regardez le site .',
    )
    expect(pageIn('en')).toContain('two, process 7 last seen 3 minutes ago')
    expect(pageIn('fr')).toContain('two, processus 7 vu pour la dernière fois il y a 3 minutes')
    expect(pageIn('en')).toMatch(/went down 3 minutes ago .*refuse our credentials 3 minutes ago/)
    expect(pageIn('fr')).toMatch(
      /tombé en panne il y a 3 minutes .*refuser nos identifiants il y a 3 minutes/,
    )
  })

  it('of a site or two stands open, of more behind one line', async () => {
    const overviewOf = async (count: number) => {
      const { app, clock } = await testApp()
      const findings = Array.from({ length: count }, (_, at) => ({
        ...finding('warning', `site ${at}`),
        of: { tenant: 'acme' },
      }))
      const latest = async () => {
        clock.advance(3_000) // a first look takes a while
        return { at: clock.now(), findings }
      }
      const { store, bridgeStatus } = app
      const examiner = { latest, anew: latest }
      return overviewReader({ store, clock, bridgeStatus, examiner, copies: undefined })(1)
    }
    const frame = { who: 'anne', csrf: 'c', translation: '?lang=fr', path: '/console' }
    const page = async (count: number) =>
      overviewPage({ ...frame, language: 'en' }, await overviewOf(count)).markup

    const [few, many] = [await page(2), await page(9)]

    expect(few).not.toContain('<details>')
    expect(textOf(few)).toContain('WARN site 0 m')
    expect(textOf(few)).toContain('Looked at now')
    expect(many).toContain('<details>')
    expect(textOf(many)).toContain('WARN Problems with individual sites: 9')
  })

  it('is looked for once, however many look, and again when it is old', async () => {
    const clock = testClock()
    let looked = 0
    const examine = async () => [finding('warning', String((looked += 1)))]
    const examiner = createExaminer({ examine, clock, onError: () => {} })

    await Promise.all([examiner.latest(), examiner.latest(), examiner.anew()])
    clock.advance(4 * 60_000)
    await examiner.latest()
    expect(looked).toBe(1)
    clock.advance(60_000)
    await examiner.latest()
    await expect.poll(() => looked).toBe(2)
  })

  it('of a site whose turn a look did not come to stays what was found in its last one', async () => {
    const of = (site: string, code: Finding['code'], level: Finding['level']): Finding => ({
      ...finding(level, `site ${site}`),
      code,
    })
    const undialled = (...sites: string[]): Finding => ({
      ...of('', 'site.undialled', 'warning'),
      unseen: sites.map((site) => `site ${site}`),
    })
    const looks = [
      [
        of('a', 'site.no_tls', 'critical'),
        of('b', 'site.disabled', 'critical'),
        of('c', 'site.no_address', 'critical'),
        of('d', 'site.failing', 'warning'),
      ],
      [of('a', 'site.failing', 'warning'), undialled('a', 'b', 'd')],
      [undialled('a')],
      [of('a', 'site.ok', 'ok'), undialled('b')],
    ]
    const examine = async () => looks.shift()!
    const examiner = createExaminer({ examine, clock: testClock(), onError: () => {} })
    const codes = async () =>
      (await examiner.anew())?.findings.map(({ code, check }) => `${check}: ${code}`)

    await codes()

    const standing = ['site a: site.no_tls', 'site : site.undialled']
    expect(await codes()).toEqual(standing)
    expect(await codes()).toEqual(standing)
    expect(await codes()).toEqual(['site : site.undialled'])
  })

  it('stays what it was when looking fails, and the failure is told', async () => {
    const errors: unknown[] = []
    let fails = false
    const examiner = createExaminer({
      examine: async () => {
        if (fails) throw new Error('no')
        return [finding('warning', 'a')]
      },
      clock: testClock(),
      onError: (error) => errors.push(error),
    })
    await examiner.latest()
    fails = true

    const found = await examiner.anew()

    expect(found?.findings).toHaveLength(1)
    expect(errors).toHaveLength(1)
  })
})

test('what the overview reads is found by indexes; of the sites, which have to be compared, a row each is read', async () => {
  const asking = { statuses: [402], consentsUntil: 1 }
  const plans = await plansOf(async (store) => {
    await store.createTenant({ id: 'ten_1', name: 'acme' }, testBy)
    await store.ensureSite(
      { id: 'sit_1', tenantId: 'ten_1', name: 'a', webhookSecret: Buffer.from('x') },
      testBy,
    )
    await store.listSiteStates({ limit: 25, offset: 0 }, { failedSince: 1, asking })
    await store.countConsentEnds({ from: 1, stepMs: 1, steps: 2 })
  })

  const scans = plans.split('\n').filter((step) => /^SCAN (?!.* USING )/.test(step))
  expect(scans.join()).not.toMatch(/calls|events|deliveries|items|bridge_users/)
  expect(plans).toContain('items_unwell')
  expect(plans).toContain('items_consent')
  expect(plans).toContain('calls_refused_site')
  expect(plans).toContain('deliveries_dead')
})
