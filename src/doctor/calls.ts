import type { AuditRow } from '../db/ports/audit.ts'
import type { ListedCall } from '../db/ports/history.ts'
import { dayMs, hourMs } from '../durations.ts'
import { command } from '../terminal/shell.ts'
import { callsRefused, withinADay, withinAnHour, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

/** So many of the newest are looked at: of a busy day a part. */
const lookedAt = 1_000

/** What of the refused calls asks for the operator: sites that moved, and a quota of Bridge's that is spent. */
export async function checkCalls({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const status = { from: 400, until: 500 }
  const refused = await store.listCalls({ status, since: now - dayMs }, { limit: lookedAt })
  const lately = refused.filter(({ at }) => at > now - hourMs)
  const mended = await store.listAudit({
    since: now - dayMs,
    action: 'site.updated',
    limit: lookedAt,
  })
  return [...findMoved(refused, mended), judgeQuota(lately)]
}

/** A site that calls from another address than the pinned one gets no link any more, until the operator says where it is. */
function findMoved(refused: readonly ListedCall[], updates: readonly AuditRow[]): Finding[] {
  const isMended = (call: ListedCall): boolean =>
    updates.some(
      ({ at, tenantId, subject, detail }) =>
        at >= call.at &&
        tenantId === call.tenantId &&
        subject === call.site &&
        (detail?.['origin'] !== undefined || detail?.['allowedOrigins'] !== undefined),
    )
  const moved = refused.filter(
    (call) =>
      call.refusal?.code === 'address_not_allowed' && call.site && call.tenant && !isMended(call),
  )
  const bySite = Map.groupBy(moved, ({ tenant, site }) => JSON.stringify([tenant, site]))
  return [...bySite.values()].map((calls) => {
    const [last] = calls
    const [tenant, site] = [last?.tenant ?? '', last?.site ?? '']
    const asked = last?.refusal?.named['asked']
    const named = asked === undefined ? '' : ` (${asked})`
    const refused = callsRefused(calls.length, withinADay)
    return warning(
      'site.moved',
      { en: `site ${site} (${tenant}) address`, fr: `adresse du site ${site} (${tenant})` },
      {
        en: `it named an address that is not its own${named}: ${refused.en}`,
        fr: `il a nommé une adresse qui n’est pas à lui${named} : ${refused.fr}`,
      },
      {
        en: 'If it has moved, say where it is now with `bank-api site update --origin`. The last such call:',
        fr: 'S’il a déménagé, dites où il est maintenant avec `bank-api site update --origin`. Le dernier de ces appels :',
      },
      { run: command`explain ${last?.id ?? ''}`, of: { tenant, site }, rouses: true },
    )
  })
}

/** Which of the limits between Bridge and the sites were met. */
function judgeQuota(lately: readonly ListedCall[]): Finding {
  const check = { en: "bridge's quota", fr: 'quota de Bridge' }
  const met = (...limits: string[]) =>
    lately.filter(({ refusal }) => limits.includes(refusal?.limit ?? '')).length
  const told = (count: number) => callsRefused(count, withinAnHour)
  const run = command`call list --status 429 --since 1h`
  const spent = met('application', 'tenant_share', 'bridge')
  if (spent > 0) {
    return warning(
      'quota.spent',
      check,
      { en: `was spent: ${told(spent).en}`, fr: `a été épuisé : ${told(spent).fr}` },
      met('bridge') > 0
        ? {
            en: 'Bridge itself said no: when `bank-api quota` shows calls left, something else uses the same Bridge application. The calls:',
            fr: 'Bridge lui-même a dit non : si `bank-api quota` montre qu’il reste des appels, autre chose utilise la même application Bridge. Les appels :',
          }
        : {
            en: 'See what is left and who waits with `bank-api quota`, and which site asks so much with:',
            fr: 'Voyez ce qui reste et qui attend avec `bank-api quota`, et quel site demande tant avec :',
          },
      { run, rouses: true },
    )
  }
  const ofUsers = met('bridge_user', 'bridge_tokens')
  if (ofUsers > 0) {
    return warning(
      'quota.user_limit',
      check,
      {
        en: `for one user was spent: ${told(ofUsers).en}`,
        fr: `d’un utilisateur a été épuisé : ${told(ofUsers).fr}`,
      },
      {
        en: 'Let the site ask less often for one user: Bridge allows so many calls a minute. Which site:',
        fr: 'Que le site demande moins souvent pour un utilisateur : Bridge limite les appels par minute. Quel site :',
      },
      { run },
    )
  }
  return ok('quota.ok', check, 'no call was refused for it within an hour')
}
