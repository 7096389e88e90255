import { keyState } from '../auth/api-keys.ts'
import type { AuditRow } from '../db/ports/audit.ts'
import { dayMs } from '../durations.ts'
import type { Language } from '../language.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { callsRefused, withinADay, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

const keys = { en: 'api keys', fr: 'clés API' }

const soonMs = 14 * dayMs

/** So many refused calls of a good key in a day are no mistyped secret. */
const fewMistakes = 10

/** API keys that end within two weeks, and those that are not good any more while a site still calls with them. */
export async function checkKeys(examination: Examination): Promise<Finding[]> {
  const findings = [...(await findEnding(examination)), ...(await findRefused(examination))]
  return findings.length > 0
    ? findings
    : [ok('api_key.ok', keys, 'none ends within two weeks, and none is used in vain')]
}

async function findEnding({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const ending: { end: number; finding: Finding }[] = []
  for (const { id, name: tenant, disabledAt } of await store.listTenants()) {
    if (disabledAt !== null) continue
    for (const { apiKey, label, expiresAt: end } of await store.listKeys(id, { goodAt: now })) {
      if (end === null || end >= now + soonMs) continue
      const name = `${tenant}${label === null ? '' : ` (${label})`}`
      const finding = warning(
        'api_key.ending',
        keys,
        {
          en: `${apiKey} of ${name} ends ${fromNow(end, now)}`,
          fr: `${apiKey} de ${name} expire ${fromNow(end, now, 'fr')}`,
        },
        {
          en: 'Its end stays: make another with `bank-api key create`, and give that to whoever calls with this one.',
          fr: 'Sa fin ne change pas : créez-en une autre avec `bank-api key create`, et donnez-la à qui appelle avec celle-ci.',
        },
        { run: command`explain ${apiKey}`, of: { tenant } },
      )
      ending.push({ end, finding })
    }
  }
  return ending.toSorted((a, b) => a.end - b.end).map(({ finding }) => finding)
}

/** Of a key that is known the audit counts each call that it did not open the door to. */
async function findRefused({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const rows = await store.listAudit({ since: now - dayMs, action: 'key.refused', limit: 1_000 })
  const ofKeys = Map.groupBy(
    rows.filter(({ subject }) => subject.startsWith('key_')),
    ({ subject }) => subject,
  )
  const found = await Promise.all(
    Array.from(ofKeys, ([apiKey, refusals]) => judgeRefused({ store, now, apiKey, refusals })),
  )
  const known = found.flatMap((one) => one ?? [])
  return known.toSorted((a, b) => Number(b.rouses ?? false) - Number(a.rouses ?? false))
}

async function judgeRefused({
  store,
  now,
  apiKey,
  refusals,
}: Pick<Examination, 'store'> & {
  now: number
  apiKey: string
  refusals: readonly AuditRow[]
}): Promise<Finding | undefined> {
  const holder = await store.findKey(apiKey)
  if (!holder) return undefined
  const { key, tenant, site } = holder
  const count = refusals.reduce((sum, one) => sum + one.count, 0)
  const state = keyState(key, tenant, now)
  // Of a tenant that was disabled a new key would help nobody.
  if (state === 'disabled' || (state === 'active' && count < fewMistakes)) return undefined
  const since = state === 'revoked' ? key.revokedAt : state === 'expired' ? key.expiresAt : null
  const isGood = state === 'active'
  const ago = (language: Language) => (since === null ? '' : ` (${fromNow(since, now, language)})`)
  const refused = callsRefused(count, withinADay)
  const ended = state === 'revoked' ? 'est révoquée' : 'est expirée'
  const whose = tenant.name
  return warning(
    'api_key.refused',
    {
      en: `key of ${site?.name ?? 'all sites'} (${whose})`,
      fr: `clé de ${site?.name ?? 'tous les sites'} (${whose})`,
    },
    {
      en: `${apiKey} ${isGood ? 'is good, but its secret is another' : `is ${state}${ago('en')}`}: ${refused.en}`,
      fr: `${apiKey} ${isGood ? 'est bonne, mais son secret est un autre' : `${ended}${ago('fr')}`} : ${refused.fr}`,
    },
    {
      en: 'Give the site a good key, or end what still calls with this one. All about it:',
      fr: 'Donnez au site une bonne clé, ou arrêtez ce qui appelle encore avec celle-ci. Tout sur elle :',
    },
    {
      run: command`explain ${apiKey}`,
      of: { tenant: tenant.name, ...(site && { site: site.name }) },
      ...(state !== 'active' && { rouses: true as const }),
    },
  )
}
