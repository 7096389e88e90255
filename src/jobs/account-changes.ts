import { fingerprintOf } from '../ownership/accounts.ts'
import type { BridgeClient } from '../bridge/client.ts'
import { BridgeError } from '../bridge/bridge-errors.ts'
import { budgetMs } from '../bridge-bounds.ts'
import type { KnownAccount } from '../db/ports/accounts.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import { minuteMs } from '../durations.ts'
import type { Log } from '../logger.ts'
import { actionEvent, type ActionRequiredDeps } from './action-required.ts'

interface ComparisonDeps extends ActionRequiredDeps {
  bridge: BridgeClient
  /** Ends whatever is asked of Bridge. */
  signal: AbortSignal
  log: Pick<Log, 'info' | 'warn'>
}

const batch = 50
const pauseMs = 5 * minuteMs

/** Reads the accounts of items that somebody managed and compares them with those from before, each until it succeeds. */
export function createComparison(deps: ComparisonDeps): () => Promise<boolean> {
  const { store, clock, log } = deps
  const notBefore = new Map<number, number>()

  return async () => {
    const due = await store.listConnections(
      { toCompare: true, ofServed: true },
      { by: 'compareFrom', limit: batch },
    )
    const now = clock.now()
    for (const owned of due) {
      const { id } = owned.item
      if (deps.signal.aborted) return false
      const waitMs = (notBefore.get(id) ?? 0) - now
      if (waitMs > 0 && waitMs <= pauseMs) continue // more than the pause: the clock was put back
      try {
        await compare(deps, owned)
        notBefore.delete(id)
      } catch (error) {
        if (!(error instanceof BridgeError)) throw error
        notBefore.set(id, now + pauseMs)
        log.info({ item: id, err: error }, 'accounts not compared yet')
      }
    }
    return false
  }
}

/** A change is audited and told to the site: whoever managed the item may have put other accounts in the place of its own. */
async function compare(deps: ComparisonDeps, owned: OwnedItem): Promise<void> {
  const { store, bridge, clock, keyring, log, signal } = deps
  const { item, user, site } = owned
  if (user.userUuid === null || item.compareFrom === null) return
  const payer = { tenant: site.tenantId, site: site.id }
  const accounts = await bridge
    .within(AbortSignal.any([signal, AbortSignal.timeout(budgetMs)]), payer)
    .accounts.list(user.userUuid, { itemId: item.id })

  const own = accounts.filter((account) => account.item_id === item.id)
  const present = own.map((account) => ({
    id: account.id,
    ibanFingerprint: fingerprintOf(keyring, account),
  }))
  const from = item.compareFrom
  const before = (await store.listAccounts(item.id)).filter(({ createdAt }) => createdAt <= from)
  const { lost, gained } = difference(before, present)
  const changed = lost > 0 && gained > 0
  const at = clock.now()
  const finding = changed
    ? {
        event: actionEvent(deps, owned, { next: 'check' }, at),
        audit: {
          at,
          tenantId: site.tenantId,
          actor: 'server',
          action: 'item.accounts_changed',
          subject: String(item.id),
          detail: { site: site.name, lost, gained },
        },
      }
    : null
  const stored = await store.settleComparison(item, present, finding, at)
  if (stored && changed) log.warn({ item: item.id, lost, gained }, 'accounts changed hands')
}

type Compared = Pick<KnownAccount, 'id' | 'ibanFingerprint'>

/**
 * How many IBANs went and came. Accounts come and go at a bank; that some went while others came is a change of hands. An
 * account whose IBAN Bridge withholds now has not gone.
 */
export function difference(
  before: readonly Compared[],
  after: readonly Compared[],
): { lost: number; gained: number } {
  const name = ({ ibanFingerprint }: Compared) => ibanFingerprint?.toString('hex')
  const [had, has] = [new Set(before.map(name)), new Set(after.map(name))]
  const withheld = new Set(after.filter((one) => !one.ibanFingerprint).map(({ id }) => id))
  const lost = before.filter((one) => one.ibanFingerprint && !has.has(name(one)))
  return {
    lost: lost.filter(({ id }) => !withheld.has(id)).length,
    gained: after.filter((one) => one.ibanFingerprint && !had.has(name(one))).length,
  }
}
