import type { EndpointReport } from '../db/ports/endpoints.ts'
import { dayMs } from '../durations.ts'
import { fromNow } from '../terminal/durations.ts'
import { command } from '../terminal/shell.ts'
import { bare } from '../networks.ts'
import { codeOf } from '../terminal/system-errors.ts'
import { areReachable, openedTo } from '../webhooks/relay/target-guard.ts'
import type { Code } from './codes.ts'
import type { Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'
import type { Probes } from './probes.ts'
import { inTurn } from './turns.ts'

/** How long a site may take to answer, its name included. */
const siteMs = 10_000

/** How long a server goes on to further sites in one look: what it has to tell of all else waits for it. */
const lookMs = 12_000

/** A certificate that ends within so many days was not renewed when it should have been. */
const fewDays = 14

type Of = NonNullable<Finding['of']>

interface Subject extends Pick<EndpointReport['site'], 'id' | 'tenantId'> {
  report: EndpointReport
  check: string
  of: Of
  lastDeliveredAt: number | undefined
  /** What the tables say. */
  stored: Finding | undefined
  /** What came of its turn, when it had one. */
  dialled?: { found?: Finding; days?: number }
}

/**
 * Every site's webhook endpoint: its name, its certificate, and how deliveries went. Addresses we may not dial are not dialled.
 * A server's own look does not come to all of them when many do not answer: the others have their turn in the next ones.
 */
export async function checkSites(examination: Examination): Promise<Finding[]> {
  const { store, isBrief = false, turns = new Set<string>() } = examination
  const reports = await store.listEndpoints()
  const lastOf = isBrief ? new Map<string, number>() : await store.lastDeliveries()
  const subjects = reports.map((report): Subject => {
    const { id, tenantId, tenant, name } = report.site
    const check = `site ${name} (${tenant})`
    const of = { tenant, site: name }
    const lastDeliveredAt = lastOf.get(id)
    const stored = judgeStored(check, report, { examination, of, lastDeliveredAt })
    return { id, tenantId, report, check, of, lastDeliveredAt, stored }
  })
  const toDial = subjects.filter(({ stored }) => stored?.level !== 'critical')
  const left = await inTurn(
    toDial,
    async (subject) => {
      const { probes, release } = withinTime(examination.probes)
      subject.dialled = await dial(subject, { ...examination, probes }).finally(release)
    },
    { turns, forMs: isBrief ? lookMs : undefined },
  )
  const findings = subjects.flatMap(judge).toSorted((a, b) => a.check.localeCompare(b.check))
  return left.size === 0 ? findings : [...findings, undialled([...left], toDial.length)]
}

function judge({ check, of, lastDeliveredAt, stored, dialled }: Subject): Finding[] {
  const found = dialled?.found ?? stored
  if (found) return [found]
  if (!dialled) return []
  const { days } = dialled
  const last =
    lastDeliveredAt === undefined
      ? 'nothing delivered yet'
      : `last success ${toTheMinute(lastDeliveredAt)}`
  const end = days === undefined ? '' : `, certificate good for ${days} days`
  return [{ ...ok('site.ok', check, `${last}${end}`), of }]
}

/** That not all had their turn, which rouses nobody. */
function undialled(left: readonly Subject[], count: number): Finding {
  const message = {
    en: `${left.length} of ${count} ${left.length === 1 ? 'was' : 'were'} not asked this time: others took too long to answer`,
    fr: `${left.length} sur ${count} ${left.length === 1 ? 'n’a pas été interrogé' : 'n’ont pas été interrogés'} cette fois : d’autres ont trop tardé à répondre`,
  }
  const act = {
    en: 'They have their turn with the next looks. To ask all of them now:',
    fr: 'Leur tour vient aux prochains contrôles. Pour les interroger tous maintenant :',
  }
  const unseen = left.map(({ check }) => check)
  return warning('site.undialled', 'sites', message, act, { run: command`doctor`, unseen })
}

/** What the tables say. */
function judgeStored(
  check: string,
  { site, health }: EndpointReport,
  {
    examination: { clock },
    of,
    lastDeliveredAt = 0,
  }: { examination: Examination; of: Of; lastDeliveredAt: number | undefined },
): Finding | undefined {
  if (health.disabledAt !== null) {
    const run = command`webhook enable ${site.name} --tenant ${site.tenant}`
    return critical(
      'site.disabled',
      check,
      {
        en: `its endpoint is disabled since ${toTheMinute(health.disabledAt)}: ${health.disabledReason ?? 'no reason kept'}`,
        fr: `ses webhooks sont coupés depuis ${toTheMinute(health.disabledAt)} : ${health.disabledReason ?? 'raison non gardée'}`,
      },
      {
        en: 'If the site wants no more webhooks, `bank-api site update --no-webhook-url`; else mend it, then try it again:',
        fr: 'Si le site ne veut plus de webhooks, `bank-api site update --no-webhook-url` ; sinon réparez-le, puis réessayez :',
      },
      { run, of },
    )
  }
  if (health.failingSince !== null) {
    const run = command`webhook test ${site.name} --tenant ${site.tenant}`
    return warning(
      'site.failing',
      check,
      {
        en: `deliveries fail since ${toTheMinute(health.failingSince)}`,
        fr: `les livraisons échouent depuis ${toTheMinute(health.failingSince)}`,
      },
      {
        en: 'Look at the site. What it answers now, and the usual reason:',
        fr: 'Regardez le site. Ce qu’il répond maintenant, et la raison habituelle :',
      },
      { run, of, rouses: true },
    )
  }
  if (lastDeliveredAt <= clock.now()) return undefined
  const message = {
    en: `took a webhook ${toTheMinute(lastDeliveredAt)}, which is yet to come`,
    fr: `a pris un webhook le ${toTheMinute(lastDeliveredAt)}, une date à venir`,
  }
  const act = {
    en: 'Compare the time with `date -u`: the clock is wrong, or was.',
    fr: 'Comparez l’heure avec `date -u` : l’horloge est fausse, ou l’était.',
  }
  return warning('site.time_to_come', check, message, act, { of })
}

/** What a site's turn alone tells. */
const ofTurns: ReadonlySet<Code> = new Set([
  'site.no_address',
  'site.forbidden_address',
  'site.no_tls',
  'site.certificate_ending',
])

/** What a look found, and of the sites that it did not come to what the look before it knew of their last turn. */
export function withLastTurns(found: readonly Finding[], before: readonly Finding[]): Finding[] {
  const unseen = new Set(found.flatMap((one) => one.unseen ?? []))
  const last = before.filter(({ check, code }) => unseen.has(check) && ofTurns.has(code))
  const known = new Set(last.map(({ check }) => check))
  return [...last, ...found.filter(({ check }) => !known.has(check))]
}

/** What its address says; `days`: how long its certificate is good. */
async function dial(
  { report: { site, allowedTargets }, check, of }: Subject,
  { probes, clock, config }: Pick<Examination, 'clock' | 'config'> & { probes: SiteProbes },
): Promise<NonNullable<Subject['dialled']>> {
  const { hostname, protocol, port } = new URL(site.webhookUrl)
  const host = bare(hostname)
  const addresses = await probes
    .resolve(host, site.tenantId)
    .catch((error: unknown) => error as Error)
  if (addresses instanceof Error) {
    const message = {
      en: `${host} does not resolve: ${codeOf(addresses)}`,
      fr: `${host} n’a pas d’adresse : ${codeOf(addresses)}`,
    }
    const act = { en: "Mend the site's DNS.", fr: 'Réparez le DNS du site.' }
    return { found: critical('site.no_address', check, message, act, { of }) }
  }
  const [address] = addresses
  if (address === undefined || !areReachable(host, addresses, openedTo(allowedTargets, config))) {
    const message = {
      en: `${host} leads to an address webhooks may not go to`,
      fr: `${host} mène à une adresse où aucun webhook ne peut aller`,
    }
    const act = {
      en: 'Give the site a public address, or open its own with `bank-api site allow-target`, within ALLOWED_TARGETS.',
      fr: 'Donnez au site une adresse publique, ou ouvrez la sienne avec `bank-api site allow-target`, dans ALLOWED_TARGETS.',
    }
    return { found: critical('site.forbidden_address', check, message, act, { of }) }
  }
  if (protocol !== 'https:') return {}
  const end = await probes
    .certificateEnd(host, address, Number(port) || 443)
    .catch((error: unknown) => error as Error)
  if (end instanceof Error) {
    const message = {
      en: `no trusted TLS connection: ${codeOf(end)}`,
      fr: `pas de connexion TLS de confiance : ${codeOf(end)}`,
    }
    const act = {
      en: 'Mend the site, or its certificate. More about it:',
      fr: 'Réparez le site, ou son certificat. Plus à son sujet :',
    }
    const run = command`webhook test ${site.name} --tenant ${site.tenant}`
    return { found: critical('site.no_tls', check, message, act, { run, of }) }
  }
  const now = clock.now()
  const days = Math.floor((end - now) / dayMs)
  if (days >= fewDays) return { days }
  const message =
    end <= now
      ? { en: 'its certificate has ended', fr: 'son certificat est périmé' }
      : {
          en: `its certificate ends ${fromNow(end, now)}`,
          fr: `son certificat expire ${fromNow(end, now, 'fr')}`,
        }
  const act = { en: 'Renew it.', fr: 'Renouvelez-le.' }
  return { found: warning('site.certificate_ending', check, message, act, { of }) }
}

type SiteProbes = Pick<Probes, 'resolve' | 'certificateEnd'>

/** The same for one site, which reject once it has had its time. */
function withinTime(probes: Probes): { probes: SiteProbes; release(): void } {
  const late = Promise.withResolvers<never>()
  late.promise.catch(() => {})
  const timer = setTimeout(() => late.reject(new Error('no answer in time')), siteMs)
  return {
    probes: {
      resolve: (...its) => Promise.race([probes.resolve(...its), late.promise]),
      certificateEnd: (...its) => Promise.race([probes.certificateEnd(...its), late.promise]),
    },
    release: () => clearTimeout(timer),
  }
}

const toTheMinute = (at: number): string =>
  new Date(at).toISOString().slice(0, 16).replace('T', ' ')
