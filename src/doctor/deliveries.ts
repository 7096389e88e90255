import type { DeliveryRate } from '../db/ports/endpoints.ts'
import { dayMs } from '../durations.ts'
import { command } from '../terminal/shell.ts'
import { listed, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

/** What a healthy installation stays below, in all and for a site that was tried often enough to tell. */
const bounds = { inAll: 0.1, ofSite: 0.5, tries: 5 }

/** How many tries of the day's webhooks failed, and of which sites the largest share. */
export async function checkDeliveries({ store, clock, isBrief }: Examination): Promise<Finding[]> {
  if (isBrief) return []
  const check = { en: 'webhooks to sites', fr: 'webhooks vers les sites' }
  const rates = await store.deliveryRates(clock.now() - dayMs)
  const tries = rates.reduce((sum, one) => sum + one.tries, 0)
  const failed = rates.reduce((sum, one) => sum + one.failed, 0)
  if (tries === 0) return [ok('deliveries.ok', check, 'none was sent within a day')]
  const worst = rates
    .filter((one) => one.tries >= bounds.tries && share(one) >= bounds.ofSite)
    .toSorted((a, b) => share(b) - share(a) || b.failed - a.failed)
  const message = {
    en: `${percent(failed / tries)} of ${tries} tries within a day failed`,
    fr: `${percent(failed / tries)} de ${tries} essais en un jour ont échoué`,
  }
  const [first] = worst.length > 0 ? worst : rates.toSorted((a, b) => b.failed - a.failed)
  if ((worst.length === 0 && failed / tries < bounds.inAll) || !first) {
    return [ok('deliveries.ok', check, message.en)]
  }
  const named = (of: string) =>
    (worst.length > 0 ? worst : [first]).map(
      (one) => `${one.site} (${one.tenant}) ${one.failed} ${of} ${one.tries}`,
    )
  return [
    warning(
      'deliveries.failing',
      check,
      {
        en: `${message.en}; the worst: ${listed(named('of'))}`,
        fr: `${message.fr} ; les pires : ${listed(named('sur'), 'fr')}`,
      },
      { en: 'See what the site answers:', fr: 'Voyez ce que le site répond :' },
      { run: command`webhook list --tenant ${first.tenant} --site ${first.site} --since 1d` },
    ),
  ]
}

const share = ({ failed, tries }: DeliveryRate): number => failed / tries

const percent = (part: number): string => `${Math.round(part * 100)} %`
