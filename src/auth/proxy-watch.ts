import ipaddr from 'ipaddr.js'
import type { AuditCounter } from '../audit/counter.ts'
import { hourOf } from '../durations.ts'
import type { Clock } from '../clock.ts'

/** How the audit knows a neighbour that passes calls on though nobody told us to believe it. */
export const unheard = { action: 'proxy.untrusted', actor: 'server' } as const

interface Deps {
  clock: Clock
  auditCounter: AuditCounter
}

/**
 * Counts calls that say whom they are from, of a neighbour that is not trusted to say so. Anybody on the internet can write
 * such a header; a proxy stands on a private address.
 */
export function createProxyWatch(
  { clock, auditCounter }: Deps,
  isProxy: (address: string) => boolean,
): (peer: string | undefined, forwarded: unknown) => void {
  return (peer, forwarded) => {
    if (forwarded === undefined || peer === undefined || !ipaddr.isValid(peer)) return
    const ip = ipaddr.process(peer)
    if (ip.range() === 'unicast' || isProxy(peer)) return
    const at = clock.now()
    auditCounter.count({ at, ...unheard, subject: ip.toString(), bucket: hourOf(at) })
  }
}
