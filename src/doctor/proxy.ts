import { isIP } from 'node:net'
import { isWithin } from '../networks.ts'
import { unheard } from '../auth/proxy-watch.ts'
import { dayMs } from '../durations.ts'
import { listed, type Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

/** Whether a proxy stands before us that we do not know: then all callers seem to have its address, and share its limits. */
export async function checkProxy({ store, clock, config }: Examination): Promise<Finding[]> {
  const check = { en: 'reverse proxy', fr: 'proxy inverse' }
  const since = clock.now() - dayMs
  const rows = await store.listAudit({ since, action: unheard.action, limit: 1_000 })
  const isTrusted = isWithin(config.trustedProxies)
  const addresses = [...new Set(rows.map(({ subject }) => subject))].filter(
    (one) => isIP(one) !== 0 && !isTrusted(one), // beyond the first of an hour they are one row without an address
  )
  if (addresses.length === 0) return [ok('proxy.ok', check, 'none is passed over')]
  return [
    warning(
      'proxy.untrusted',
      check,
      {
        en: `${listed(addresses)} passes calls on, and is none of TRUSTED_PROXIES: all its callers count as one address, and share its limits`,
        fr: `${listed(addresses, 'fr')} transmet des appels sans être dans TRUSTED_PROXIES : tous ses appelants comptent pour une adresse, et partagent ses limites`,
      },
      {
        en: `If it is yours, set TRUSTED_PROXIES=${addresses[0]} (or its range) and restart.`,
        fr: `S’il est à vous, définissez TRUSTED_PROXIES=${addresses[0]} (ou sa plage) et redémarrez.`,
      },
      { rouses: true },
    ),
  ]
}
