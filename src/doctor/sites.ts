import type { EndpointReport } from '../db/ports/endpoints.ts'
import { command } from '../terminal/shell.ts'
import { areReachable, openedTo } from '../webhooks/relay/target-guard.ts'
import { codeOf, daysUntil, type Examination } from './examination.ts'
import { critical, ok, warning, type Finding } from './finding.ts'

/** How many sites are looked at at once. */
const together = 8

/** A certificate that ends within so many days was not renewed when it should have been. */
const fewDays = 14

/** Every site's webhook endpoint: its name, its certificate, and how deliveries went. Addresses we may not dial are not dialled. */
export async function checkSites(examination: Examination): Promise<Finding[]> {
  const { store, isBrief } = examination
  const waiting = await store.listEndpoints()
  const lastOf = isBrief ? new Map<string, number>() : await store.lastDeliveries()
  const findings: Finding[] = []
  const lanes = Array.from({ length: Math.min(together, waiting.length) }, async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      findings.push(await checkSite(examination, next, lastOf.get(next.site.id)))
    }
  })
  await Promise.all(lanes)
  return findings.toSorted((a, b) => a.check.localeCompare(b.check))
}

async function checkSite(
  examination: Examination,
  report: EndpointReport,
  lastDeliveredAt: number | undefined,
): Promise<Finding> {
  const check = `site ${report.site.name} (${report.site.tenant})`
  const of = { tenant: report.site.tenant, site: report.site.name }
  const asked = judgeStored(check, report, { examination, of, lastDeliveredAt })
  if (asked?.level === 'critical') return asked
  const { found, days } = await dial(check, report, { examination, of })
  if (found ?? asked) return found ?? asked!
  const last =
    lastDeliveredAt === undefined
      ? 'nothing delivered yet'
      : `last success ${dayOf(lastDeliveredAt)}`
  const end = days === undefined ? '' : `, certificate good for ${days} days`
  return { ...ok('site.ok', check, `${last}${end}`), of }
}

type Of = NonNullable<Finding['of']>

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
        en: `its endpoint is disabled since ${dayOf(health.disabledAt)}: ${health.disabledReason ?? 'no reason kept'}`,
        fr: `ses webhooks sont coupés depuis ${dayOf(health.disabledAt)} : ${health.disabledReason ?? 'raison non gardée'}`,
      },
      {
        en: 'Mend the site, then try it again:',
        fr: 'Réparez le site, puis réessayez :',
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
        en: `deliveries fail since ${dayOf(health.failingSince)}`,
        fr: `les livraisons échouent depuis ${dayOf(health.failingSince)}`,
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
    en: `took a webhook ${dayOf(lastDeliveredAt)}, which is yet to come`,
    fr: `a pris un webhook le ${dayOf(lastDeliveredAt)}, une date à venir`,
  }
  const act = {
    en: 'Compare the time with `date -u`: the clock is wrong, or was.',
    fr: 'Comparez l’heure avec `date -u` : l’horloge est fausse, ou l’était.',
  }
  return warning('site.time_to_come', check, message, act, { of })
}

/** What its address says; `days`: how long its certificate is good. */
async function dial(
  check: string,
  { site, allowedTargets }: EndpointReport,
  { examination: { probes, clock, config }, of }: { examination: Examination; of: Of },
): Promise<{ found?: Finding; days?: number }> {
  const { hostname, protocol, port } = new URL(site.webhookUrl)
  const host = hostname.replace(/^\[|\]$/g, '')
  const addresses = await probes.resolve(host).catch((error: unknown) => error as Error)
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
  const days = daysUntil(end, clock.now())
  if (days >= fewDays) return { days }
  const message =
    days < 0
      ? { en: 'its certificate has ended', fr: 'son certificat est périmé' }
      : {
          en: `its certificate ends in ${days} days`,
          fr: `son certificat finit dans ${days} jours`,
        }
  const act = { en: 'Renew it.', fr: 'Renouvelez-le.' }
  return { found: warning('site.certificate_ending', check, message, act, { of }) }
}

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
