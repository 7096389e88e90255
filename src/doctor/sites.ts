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
  { probes, clock, config }: Examination,
  { site, health, allowedTargets }: EndpointReport,
  lastDeliveredAt: number | undefined,
): Promise<Finding> {
  const check = `site ${site.name} (${site.tenant})`
  const now = clock.now()
  const { hostname, protocol, port } = new URL(site.webhookUrl)
  const host = hostname.replace(/^\[|\]$/g, '')

  if (health.disabledAt !== null) {
    return critical(
      check,
      `its endpoint is disabled since ${dayOf(health.disabledAt)}: ${health.disabledReason ?? 'no reason kept'}`,
      'Mend the site, then try it again:',
      command`webhook enable ${site.name} --tenant ${site.tenant}`,
    )
  }
  const addresses = await probes.resolve(host).catch((error: unknown) => error as Error)
  if (addresses instanceof Error) {
    return critical(check, `${host} does not resolve: ${codeOf(addresses)}`, "Mend the site's DNS.")
  }
  const [address] = addresses
  if (address === undefined || !areReachable(host, addresses, openedTo(allowedTargets, config))) {
    return critical(
      check,
      `${host} leads to an address webhooks may not go to`,
      'Give the site a public address, or open its own with `bank-api site allow-target`, within ALLOWED_TARGETS.',
    )
  }
  let days: number | undefined
  if (protocol === 'https:') {
    const end = await probes
      .certificateEnd(host, address, Number(port) || 443)
      .catch((error: unknown) => error as Error)
    if (end instanceof Error) {
      return critical(
        check,
        `no trusted TLS connection: ${codeOf(end)}`,
        "Mend the site's certificate.",
      )
    }
    days = daysUntil(end, now)
    if (days < fewDays) {
      return warning(check, `its certificate ends in ${days} days`, 'Renew it.')
    }
  }
  if (health.failingSince !== null) {
    return warning(
      check,
      `deliveries fail since ${dayOf(health.failingSince)}`,
      'Look at the site; `bank-api webhook list` shows what it answers.',
    )
  }
  const last =
    lastDeliveredAt === undefined
      ? 'nothing delivered yet'
      : `last success ${dayOf(lastDeliveredAt)}`
  return ok(check, days === undefined ? last : `${last}, certificate good for ${days} days`)
}

/** Whether a finding tells of an endpoint that is disabled. */
export const isOfDisabled = ({ run = '' }: Finding): boolean =>
  run.startsWith('bank-api webhook enable ')

const dayOf = (at: number): string => new Date(at).toISOString().slice(0, 16).replace('T', ' ')
