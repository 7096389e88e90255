import { readItemList } from '../ownership/item-list.ts'
import type { OwnEventDeps } from '../vault/seal-own-event.ts'
import type { BridgeClient } from '../bridge/client.ts'
import { BridgeError, isBridge } from '../bridge/bridge-errors.ts'
import { budgetMs } from '../bridge-bounds.ts'
import type { Clock } from '../clock.ts'
import type { SiteUser } from '../db/ports/users.ts'
import type { Store } from '../db/store.ts'
import { hourMs } from '../durations.ts'
import type { Log } from '../logger.ts'

interface CatchUpDeps extends OwnEventDeps {
  store: Store
  bridge: BridgeClient
  clock: Clock
  /** Ends whatever is asked of Bridge. */
  signal: AbortSignal
  log: Pick<Log, 'info' | 'warn'>
}

const batch = 20
const mostFailures = 3

/** Bridge refreshes an item once or twice a day: silence for longer says that we missed something. */
const silenceMs = 36 * hourMs

/**
 * A tick that asks Bridge for the items of users of which one was not heard of for 36 hours: one list a user, in its
 * site's turn, and not again before as long a silence. True when there are more; false when all are done, or when Bridge
 * cannot be asked now.
 */
export function createCatchUp(deps: CatchUpDeps): () => Promise<boolean> {
  const { store, clock, log } = deps
  let after = ''

  return async () => {
    const silent = await store.listUnheard(clock.now() - silenceMs, { after, limit: batch })
    let failures = 0
    for (const owned of silent) {
      if (deps.signal.aborted) return false
      if (await askFor(deps, owned)) {
        failures = 0
      } else {
        failures += 1
        if (failures === mostFailures) return false
      }
      after = owned.user.id
    }
    if (silent.length > 0) log.info({ users: silent.length }, 'items read after a silence')
    if (silent.length < batch) after = ''
    return silent.length === batch
  }
}

/** False when the answer, or its absence, says nothing about the user: then it is asked again another time. */
async function askFor(deps: CatchUpDeps, { user, site }: SiteUser): Promise<boolean> {
  const { store, bridge, clock, log, signal } = deps
  const { userUuid } = user
  if (userUuid === null) return true
  const payer = { tenant: site.tenantId, site: site.id }
  const at = clock.now()
  const ends = AbortSignal.any([signal, AbortSignal.timeout(budgetMs)])
  try {
    await readItemList({ ...deps, bridge: bridge.within(ends, payer) }, { user, site })
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    log.warn({ user: user.id, err: error }, 'items not read')
    if (!isAboutUser(error)) return false
  }
  await store.claimGoneLook(user.id, { at })
  return true
}

const isAboutUser = (error: BridgeError): boolean =>
  isBridge(error, 'invalid', 'missing', 'conflict', 'refused', 'nonsense')
