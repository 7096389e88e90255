import { daysUntil, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'
import { dayMs } from '../durations.ts'

const soonMs = 14 * dayMs

/** API keys and consents that end within two weeks. */
export async function checkExpiring({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const keys = await store.listExpiringKeys(now, now + soonMs)
  const findings = keys.map(({ apiKey, tenant, label, expiresAt }) =>
    warning(
      'api keys',
      `${apiKey} of ${tenant}${label === null ? '' : ` (${label})`} ends in ${daysUntil(expiresAt, now)} days`,
      'Rotate it, or give it a later end: `bank-api key update`.',
    ),
  )
  if (keys.length === 0) findings.push(ok('api keys', 'none ends within two weeks'))

  const { consentsEndAt } = await store.readFigures(now)
  const soon = consentsEndAt.filter((at) => at > now && at < now + soonMs).length
  const over = consentsEndAt.filter((at) => at <= now).length
  findings.push(
    soon + over === 0
      ? ok('consents', 'none ends within two weeks')
      : warning(
          'consents',
          `${soon} end within two weeks, ${over} have ended`,
          'Their sites are told by webhook; `bank-api item list --expiring 14` names them.',
        ),
  )
  return findings
}
