import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { codes } from '../../../src/doctor/codes.ts'
import { critical, ok, warning, type Finding } from '../../../src/doctor/finding.ts'
import { report, toReport, worstOf } from '../../../src/doctor/report.ts'
import { anInstallation } from './installation.ts'

const of = { tenant: 'acme', site: 'erp' }
const inEach = (remedy: string) => ({ en: remedy, fr: remedy })

test('programs read code, check, level and says; and do, run, tenant and site where there is something of it', () => {
  const findings: Finding[] = [
    ok('clock.ok', 'clock', "agrees with Bridge's"),
    warning('quota.spent', "bridge's quota", 'was spent', inEach('See who waits.'), {
      rouses: true,
    }),
    critical('site.disabled', 'site erp (acme)', 'is disabled', inEach('Mend the site, then:'), {
      run: 'bank-api webhook enable erp --tenant acme',
      of,
    }),
  ]

  expect(JSON.parse(JSON.stringify(toReport(findings)))).toEqual([
    { code: 'clock.ok', check: 'clock', level: 'ok', says: "agrees with Bridge's" },
    {
      code: 'quota.spent',
      check: "bridge's quota",
      level: 'warning',
      says: 'was spent',
      do: 'See who waits.',
    },
    {
      code: 'site.disabled',
      check: 'site erp (acme)',
      level: 'critical',
      says: 'is disabled',
      do: 'Mend the site, then:',
      run: 'bank-api webhook enable erp --tenant acme',
      tenant: 'acme',
      site: 'erp',
    },
  ])
})

test('a whole examination has that form, and each kind one finding at least', async () => {
  const { look } = await anInstallation()

  const found = report.parse(toReport(await look()))

  expect(found.map(({ code }) => code)).toEqual([
    'environment.ok',
    'server.ok',
    'public_address.ok',
    'proxy.ok',
    'bridge.ok',
    'clock.ok',
    'bridge_webhooks.ok',
    'data_directory.ok',
    'disk.ok',
    'backup.ok',
    'user_addresses.ok',
    'api_key.ok',
    'quota.ok',
    'consents.ok',
    'connection.ok',
    'deliveries.ok',
    'site.ok',
  ])
})

test('of hundreds of sites the twenty worst are shown, and how many more there are', () => {
  const sites = Array.from({ length: 300 }, (_, n) => {
    const check = `site ${n} (acme)`
    if (n % 20 === 7) return critical('site.no_tls', check, 'no', inEach('Mend it.'), { of })
    return n % 20 === 8
      ? warning('site.failing', check, 'fails', inEach('Look.'), { of })
      : ok('site.ok', check, 'well')
  })

  const shown = worstOf([ok('clock.ok', 'clock', 'agrees'), ...sites])

  expect(shown).toHaveLength(1 + 20 + 1)
  expect(shown.filter(({ level }) => level === 'critical')).toHaveLength(15)
  expect(shown.at(-1)).toEqual({
    code: 'more.left_out',
    check: 'site',
    level: 'warning',
    message: '280 more: 10 with a warning, 270 well',
    remedy: 'Mend those above: then these are shown.',
  })
  expect(worstOf(sites.filter(({ level }) => level === 'ok')).at(-1)).toMatchObject({
    level: 'ok',
    message: '250 more: 250 well',
  })
})

test('the guide explains every code that is no ok, and no other', () => {
  const guide = readFileSync(new URL('../../../docs/watching.md', import.meta.url), 'utf8')
  const [section = ''] = (guide.split('### What `--json` may say')[1] ?? '').split('\n## ')
  const explained = [...section.matchAll(/`([a-z_]+\.[a-z_]+)`/g)].map(([, code]) => code)

  expect(new Set(explained)).toEqual(new Set(codes.filter((code) => !code.endsWith('.ok'))))
})
