import { notBridgesTurn } from '../connect/item-status.ts'
import type { Connection } from '../db/ports/items.ts'
import { dayMs, hourMs } from '../durations.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { listed, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

const week = 7

/** Bridge's support wants to hear of what its own tries did not mend in that time (Bridge: item statuses). */
const patienceMs = 48 * hourMs

/** Consents that end this week, and connections that Bridge did not bring to work for two days. */
export async function checkConnections(examination: Examination): Promise<Finding[]> {
  if (examination.isBrief) return []
  return [await judgeConsents(examination), ...(await findInError(examination))]
}

async function judgeConsents({ store, clock }: Examination): Promise<Finding> {
  const check = 'consents'
  const now = clock.now()
  const [over = 0] = (await store.readFigures(now)).consentsEnding
  const soon = await store.listConnections({ endsFrom: now + 1, endsUntil: now + week * dayMs })
  if (soon.length + over === 0) return ok('consents.ok', check, 'none ends within a week')
  const named = soon.map(
    (one) => `${nameOf(one)} ${fromNow(one.item.authenticationExpiresAt ?? now, now)}`,
  )
  const ending = soon.length === 0 ? 'none ends' : `${soon.length} end`
  return warning(
    'consents.ending',
    check,
    `${ending} within a week, ${over} have ended${named.length > 0 ? `: ${listed(named)}` : ''}`,
    'Their sites are told by webhook, and only their users can renew them. This names them all:',
    { run: command`item list --expiring ${String(week)}` },
  )
}

async function findInError({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const failing = await store.listConnections({
    statusNot: notBridgesTurn,
    noSuccessSince: now - patienceMs,
  })
  const check = 'connections'
  if (failing.length === 0) return [ok('connection.ok', check, 'none is in error for two days')]
  return failing.map((one) => {
    const { item, tenant, site, user } = one
    const since = new Date(item.lastSuccessAt ?? item.createdAt).toISOString()
    const info = item.statusCodeInfo === null ? '' : ` (${item.statusCodeInfo})`
    const facts = `item ${item.id}, user ${user.userUuid ?? 'unknown'}, provider ${item.providerId ?? 'unknown'}, status ${item.status}${info}`
    return warning(
      'connection.in_error',
      check,
      `${nameOf(one)} of ${tenant} is in error since ${since}: status ${item.status}${info}`,
      `Write to Bridge's support: “${facts}: no successful refresh since ${since}. Please look into it.” All about it here:`,
      { run: command`explain ${String(item.id)}`, of: { tenant, site: site.name } },
    )
  })
}

const nameOf = ({ item, site }: Connection): string => {
  const bank = item.bank ?? item.providerName
  return `item ${item.id}${bank === null ? '' : ` (${bank})`} of ${site.name}`
}
