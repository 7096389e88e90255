import { notBridgesTurn } from '../connect/item-status.ts'
import { bankOf, type Connection } from '../db/ports/items.ts'
import { dayMs, hourMs } from '../durations.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import type { Language, Localized } from '../language.ts'
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
  const check = { en: 'consents', fr: 'consentements' }
  const now = clock.now()
  const [over = 0] = (await store.readFigures(now)).consentsEnding
  const soon = await store.listConnections({ endsFrom: now + 1, endsUntil: now + week * dayMs })
  if (soon.length + over === 0) return ok('consents.ok', check, 'none ends within a week')
  const named = (language: Language) => {
    const all = soon.map(
      (one) =>
        `${nameOf(one)[language]} ${fromNow(one.item.authenticationExpiresAt ?? now, now, language)}`,
    )
    return listed(all, language)
  }
  const count = soon.length
  const isNone = count === 0
  return warning(
    'consents.ending',
    check,
    {
      en: `${isNone ? 'none ends' : `${count} ${count === 1 ? 'ends' : 'end'}`} within a week, ${over} ${over === 1 ? 'has' : 'have'} ended${isNone ? '' : `: ${named('en')}`}`,
      fr: `${isNone ? 'aucun ne prend fin' : `${count} ${count === 1 ? 'prend' : 'prennent'} fin`} sous une semaine, ${over} ${over < 2 ? 'a' : 'ont'} pris fin${isNone ? '' : ` : ${named('fr')}`}`,
    },
    {
      en: 'Their sites are told by webhook, and only their users can renew them. This names them all:',
      fr: 'Leurs sites sont prévenus par webhook, et seuls leurs utilisateurs peuvent les renouveler. Tous sont nommés par :',
    },
    { run: command`item list --expiring ${String(week)}` },
  )
}

async function findInError({ store, clock }: Examination): Promise<Finding[]> {
  const now = clock.now()
  const failing = await store.listConnections({
    statusNot: notBridgesTurn,
    noSuccessSince: now - patienceMs,
  })
  const check = { en: 'connections', fr: 'connexions' }
  if (failing.length === 0) return [ok('connection.ok', check, 'none is in error for two days')]
  return failing.map((one) => {
    const { item, tenant, site, user } = one
    const since = new Date(item.lastSuccessAt ?? item.createdAt).toISOString()
    const info = item.statusCodeInfo === null ? '' : ` (${item.statusCodeInfo})`
    const facts = `item ${item.id}, user ${user.userUuid ?? 'unknown'}, provider ${item.providerId ?? 'unknown'}, status ${item.status}${info}`
    return warning(
      'connection.in_error',
      check,
      {
        en: `${nameOf(one).en} of ${tenant} is in error since ${since}: status ${item.status}${info}`,
        fr: `${nameOf(one).fr} de ${tenant} est en erreur depuis ${since} : statut ${item.status}${info}`,
      },
      {
        en: `Write to Bridge's support: “${facts}: no successful refresh since ${since}. Please look into it.” All about it here:`,
        fr: `Écrivez à l’assistance de Bridge : « ${facts}: no successful refresh since ${since}. Please look into it. » Tout sur elle ici :`,
      },
      { run: command`explain ${String(item.id)}`, of: { tenant, site: site.name } },
    )
  })
}

const nameOf = ({ item, site }: Connection): Localized => {
  const bank = bankOf(item)
  const name = `${item.id}${bank === null ? '' : ` (${bank})`}`
  return { en: `item ${name} of ${site.name}`, fr: `la connexion ${name} de ${site.name}` }
}
