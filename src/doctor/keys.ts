import { keyState } from '../auth/api-keys.ts'
import type { AuditRow } from '../db/ports/audit.ts'
import { dayMs } from '../durations.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { callsWere, daysUntil, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

const soonMs = 14 * dayMs

/** So many refused calls of a good key in a day are no mistyped secret. */
const fewMistakes = 10

/** API keys that end within two weeks, and those that are not good any more while a site still calls with them. */
export async function checkKeys(examination: Examination): Promise<Finding[]> {
  const findings = [...(await findEnding(examination)), ...(await findRefused(examination))]
  return findings.length > 0
    ? findings
    : [ok('api_key.ok', 'api keys', 'none ends within two weeks, and none is used in vain')]
}

async function findEnding({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const keys = await store.listExpiringKeys(now, now + soonMs)
  return keys.map(({ apiKey, tenant, label, expiresAt }) =>
    warning(
      'api_key.ending',
      'api keys',
      `${apiKey} of ${tenant}${label === null ? '' : ` (${label})`} ends in ${daysUntil(expiresAt, now)} days`,
      'Rotate it, or give it a later end: `bank-api key update`.',
      { run: command`explain ${apiKey}`, of: { tenant } },
    ),
  )
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
  const how =
    state === 'active'
      ? 'is good, but its secret is another'
      : `is ${state}${since === null ? '' : ` (${fromNow(since, now)})`}`
  return warning(
    'api_key.refused',
    `key of ${site?.name ?? 'all sites'} (${tenant.name})`,
    `${apiKey} ${how}: ${callsWere(count)} refused within a day`,
    'Give the site a good key, or end what still calls with this one. All about it:',
    {
      run: command`explain ${apiKey}`,
      of: { tenant: tenant.name, ...(site && { site: site.name }) },
      ...(state !== 'active' && { rouses: true as const }),
    },
  )
}
