import { ensureSite } from '../auth/sites.ts'
import type { Keyring } from '../vault/keyring.ts'
import type { Clock, Ids } from '../clock.ts'
import type { By, Scope } from '../db/scope.ts'
import { AmbiguousNameError } from '../db/store-errors.ts'
import type { BridgeUser } from '../db/ports/users.ts'
import type { Site } from '../db/ports/sites.ts'
import type { Store } from '../db/store.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import { isSameName } from '../names.ts'
import type { Mapping } from './mappings.ts'

interface ImportDeps {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
  by: By
}

interface Imported {
  imported: number
  /** Known as the same user before. */
  present: number
  /** One line each: whose the Bridge user is already. */
  refused: string[]
}

/**
 * Takes over users of a former Bank API: their sites are made when missing, their items adopted when they are first asked
 * for. A Bridge user that belongs to anybody else, or a user who is another at Bridge, is refused and changes nothing.
 */
export async function importUsers(
  deps: ImportDeps,
  tenant: Tenant,
  mappings: readonly Mapping[],
  { dryRun = false, onEach = () => {} }: { dryRun?: boolean; onEach?: (done: number) => void } = {},
): Promise<Imported> {
  const { store, by, ids, clock } = deps
  const result: Imported = { imported: 0, present: 0, refused: [] }
  const scope: Scope = { tenantId: tenant.id, siteId: null }

  for (const [index, { site: siteName, user: name, user_uuid: uuid }] of mappings.entries()) {
    onEach(index + 1)
    const refuse = (why: string): void => {
      result.refused.push(`${uuid} (${siteName}, ${shown(name)}): ${why}`)
    }
    const [owner] = await store.listUsers({ userUuid: uuid }, { limit: 1 })
    const found = await findUser(store, scope, { site: siteName, user: name })
    if (found === 'several') {
      refuse('several sites or users have nearly these names, and none exactly')
      continue
    }
    const { site: known, user } = found
    if (owner && owner.user.id === user?.id) {
      result.present += 1
      continue
    }
    if (owner) {
      refuse(
        `is owned by tenant ${owner.tenant}, site ${owner.site.name}, ${shown(owner.user.name)}`,
      )
      continue
    }
    if (user?.userUuid) {
      refuse(`that user is ${user.userUuid} already`)
      continue
    }
    result.imported += 1
    if (dryRun) continue

    const site = known ?? (await ensureSite(deps, { tenantId: tenant.id, name: siteName }, by))
    const { id } = await store.ensureUser({
      id: ids.next('usr'),
      siteId: site.id,
      name,
      at: clock.now(),
    })
    await store.setUserUuid(id, uuid)
    await store.audit({
      ...by,
      tenantId: tenant.id,
      action: 'user.imported',
      subject: id,
      detail: { site: site.name },
    })
  }
  return result
}

/** The tenant's site and its user of these names, as far as they are there. */
async function findUser(
  store: Store,
  scope: Scope,
  { site: siteName, user: name }: { site: string; user: string },
): Promise<{ site?: Site | undefined; user?: BridgeUser | undefined } | 'several'> {
  try {
    const site = await store.findSite(scope, siteName)
    if (!site) return {}
    const found = await store.findUsers({ ...scope, siteId: site.id }, name)
    const called = found.map(({ user }) => user).filter((user) => isSameName(user.name, name))
    const exact = called.find((user) => user.name === name)
    if (!exact && called.length > 1) return 'several'
    return { site, user: exact ?? called[0] }
  } catch (error) {
    if (error instanceof AmbiguousNameError) return 'several'
    throw error
  }
}

const shown = (user: string): string => (user === '' ? 'default user' : user)
