import { ensureSite } from '../auth/sites.ts'
import type { Keyring } from '../auth/keyring.ts'
import type { Clock, Ids } from '../clock.ts'
import type { By, Scope, Store, Tenant } from '../db/store.ts'
import type { Mapping } from './mappings.ts'

interface Importing {
  store: Store
  keyring: Keyring
  clock: Clock
  ids: Ids
  by: By
}

export interface Imported {
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
  importing: Importing,
  tenant: Tenant,
  mappings: readonly Mapping[],
  { dryRun = false, onEach = () => {} }: { dryRun?: boolean; onEach?: (done: number) => void } = {},
): Promise<Imported> {
  const { store, by, ids, clock } = importing
  const result: Imported = { imported: 0, present: 0, refused: [] }
  const scope: Scope = { tenantId: tenant.id, siteId: null }

  for (const [index, { site: siteName, user: name, user_uuid: uuid }] of mappings.entries()) {
    onEach(index + 1)
    const refuse = (why: string): void => {
      result.refused.push(`${uuid} (${siteName}, ${shown(name)}): ${why}`)
    }
    const owner = await store.findUuidOwner(uuid)
    if (owner?.tenant === tenant.name && owner.site === siteName && owner.user === name) {
      result.present += 1
      continue
    }
    if (owner) {
      refuse(`is owned by tenant ${owner.tenant}, site ${owner.site}, ${shown(owner.user)}`)
      continue
    }
    const known = await store.findSite(scope, siteName)
    const other = known && (await uuidOf(store, { ...scope, siteId: known.id }, name))
    if (other) {
      refuse(`that user is ${other} already`)
      continue
    }
    result.imported += 1
    if (dryRun) continue

    const site = known ?? (await ensureSite(importing, { tenantId: tenant.id, name: siteName }, by))
    const user = await store.ensureUser({
      id: ids.next('usr'),
      siteId: site.id,
      name,
      at: clock.now(),
    })
    await store.setUserUuid(user.id, uuid)
    await store.audit({
      ...by,
      tenantId: tenant.id,
      action: 'user.imported',
      subject: user.id,
      detail: { site: site.name },
    })
  }
  return result
}

/** The uuid the site's user of that name has already. */
async function uuidOf(store: Store, scope: Scope, name: string): Promise<string | undefined> {
  const users = await store.findUsers(scope, name)
  return users.find(({ user }) => user.name === name)?.user.userUuid ?? undefined
}

const shown = (user: string): string => (user === '' ? 'default user' : user)
