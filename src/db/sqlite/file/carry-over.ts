import type Sqlite from 'better-sqlite3'
import type { Scope } from '../../scope.ts'
import { carryTold } from './carry-told.ts'
import { toWrite, withFile } from './with-file.ts'

/** What was ended since a copy was made, and is ended in it too: names, as an operator knows them. */
export type CarriedOver = Record<
  | 'tenants_deleted'
  | 'sites_deleted'
  | 'items_deleted'
  | 'tenants_disabled'
  | 'keys_revoked'
  | 'keys_expiring_earlier'
  | 'keys_rotated'
  | 'webhook_secrets_rotated'
  | 'endpoints_disabled'
  | 'origins_withdrawn'
  | 'targets_withdrawn'
  | 'sites_without_reminder_mails'
  /** By our ids: what a user is called is nobody's business in the audit. */
  | 'users_without_reminder_mails'
  /** Not carried over: the operator has to look. */
  | 'addresses_as_in_the_copy',
  string[]
>

interface Carrying {
  /** The database that is replaced; only read. */
  from: string
  /** The copy that takes its place, of the present schema. */
  into: string
  /** The hash of a key as this program stores it. */
  own(owner: Scope, hash: Buffer): Buffer
  /** Seals a webhook secret of `from` for `into`. */
  reseal(siteId: string, secret: Buffer): Buffer
}

interface KeyRow {
  api_key: string
  tenant_id: string
  site_id: string | null
  secret_hash: Buffer
  previous_secret_hash: Buffer | null
  previous_secret_until: number | null
  /** Absent before that column was. */
  rotated_at?: number | null
  expires_at: number | null
  revoked_at: number | null
}

interface SiteRow {
  id: string
  tenant_id: string
  label: string
  origin: string | null
  allowed_origins: string
  webhook_url: string | null
  webhook_secret: Buffer
  disabled_at: number | null
  disabled_reason: string | null
  allowed_targets: string | null
  /** Absent before there were mails. */
  remind_by?: string
  previous_secret: Buffer | null
  previous_secret_until: number | null
  /** When an operator or a call last changed its addresses, as far as the audit still knows. */
  changed_at: number | null
}

/**
 * Ends in a copy what was ended in the database it replaces: revocations, rotations, disablings and deletions, all in one
 * commit, and notes what sites and users were told and banks were asked meanwhile. What is later in the copy stays: the
 * database may be the older of the two. Throws a SqliteError when either cannot be read; then the copy is as it was.
 */
export function carryOver({ from, into, own, reseal }: Carrying): CarriedOver {
  const end = (replaced: Sqlite.Database, copy: Sqlite.Database): CarriedOver => {
    copy.pragma('foreign_keys = ON')
    return copy
      .transaction(() => {
        carryTold(replaced, copy)
        allowances(replaced, copy)
        return {
          ...deletions(replaced, copy),
          ...items(replaced, copy),
          ...tenants(replaced, copy),
          ...keys(replaced, copy, own),
          ...sites(replaced, copy, reseal),
          ...users(replaced, copy),
        }
      })
      .immediate()
  }
  return withFile(from, (replaced) => withFile(into, (copy) => end(replaced, copy), toWrite))
}

const removalColumns = [
  'id',
  'kind',
  'tenant_id',
  'subject_id',
  'name',
  'with_bridge_users',
  'actor',
  'started_at',
  'finished_at',
  'receipt',
]

/** Their receipts outlive them. At Bridge they are gone already. */
function deletions(replaced: Sqlite.Database, copy: Sqlite.Database) {
  const ended = { tenants_deleted: [] as string[], sites_deleted: [] as string[] }
  const removals = replaced
    .prepare<[], Record<string, string | number | null>>(
      `SELECT ${removalColumns.join()} FROM removals ORDER BY kind = 'tenant'`,
    )
    .all()
  for (const removal of removals) {
    const { kind, subject_id: id, name, started_at: at, finished_at: finishedAt } = removal
    const isTenant = kind === 'tenant'
    const isThere = copy
      .prepare(`SELECT 1 FROM ${isTenant ? 'tenants' : 'sites'} WHERE id = ?`)
      .get(id)
    if (!isThere) continue
    copy.prepare('DELETE FROM removals WHERE subject_id = ?').run(id)
    const values = removalColumns.map((column) => `@${column}`)
    copy
      .prepare(`INSERT INTO removals (${removalColumns.join()}) VALUES (${values.join()})`)
      .run(removal)
    const column = isTenant ? 'tenant_id' : 'site_id'
    if (finishedAt === null) {
      // Cut off there as well: the same command finishes it.
      const ofIt = isTenant ? 'tenant_id' : 'id'
      copy
        .prepare(`UPDATE sites SET removed_at = ? WHERE ${ofIt} = ? AND removed_at IS NULL`)
        .run(at, id)
      if (isTenant) copy.prepare('UPDATE tenants SET disabled_at = ? WHERE id = ?').run(at, id)
    } else {
      copy.prepare(`DELETE FROM calls WHERE ${column} = ?`).run(id)
      copy.prepare(`DELETE FROM ${isTenant ? 'tenants' : 'sites'} WHERE id = ?`).run(id)
    }
    ended[isTenant ? 'tenants_deleted' : 'sites_deleted'].push(String(name))
  }
  return ended
}

/** Connections that were ended here: only the audit tells. */
function items(replaced: Sqlite.Database, copy: Sqlite.Database) {
  const isHeld = replaced.prepare('SELECT 1 FROM items WHERE id = ?')
  const owner = copy
    .prepare<[number], string>(
      'SELECT site_id FROM items JOIN bridge_users ON bridge_users.id = user_id WHERE items.id = ?',
    )
    .pluck()
  const deleted = replaced
    .prepare<[], string>("SELECT DISTINCT subject FROM audit WHERE action = 'item.deleted'")
    .pluck()
    .all()
    .filter((subject) => {
      const id = Number(subject)
      const siteId = owner.get(id)
      if (siteId === undefined || isHeld.get(id)) return false
      copy
        .prepare("DELETE FROM deliveries WHERE site_id = ? AND item_id = ? AND state = 'pending'")
        .run(siteId, id)
      copy
        .prepare('UPDATE events SET body = NULL WHERE site_id = ? AND item_id = ?')
        .run(siteId, id)
      return copy.prepare('DELETE FROM items WHERE id = ?').run(id).changes === 1
    })
  // An event that comes late makes no connection of one whose deletion is known, and so it is at the next restore.
  const note = copy.prepare(
    `INSERT INTO audit (at, tenant_id, actor, action, subject, detail)
     SELECT @at, @tenant_id, @actor, @action, @subject, @detail WHERE NOT EXISTS (
       SELECT 1 FROM audit WHERE action = @action AND subject = @subject AND at = @at)`,
  )
  const known = replaced.prepare("SELECT * FROM audit WHERE action = 'item.deleted' ORDER BY id")
  for (const entry of known.iterate()) note.run(entry)
  return { items_deleted: deleted }
}

/** What was asked of connections that the copy knows: a bank takes only so much a day. */
function allowances(replaced: Sqlite.Database, copy: Sqlite.Database): void {
  for (const table of ['item_refreshes', 'renewals']) {
    const claim = copy.prepare(
      `INSERT INTO ${table} (item_id, at) SELECT id, @at FROM items WHERE id = @item_id AND NOT EXISTS (
         SELECT 1 FROM ${table} WHERE item_id = @item_id AND at = @at)`,
    )
    for (const claimed of replaced.prepare(`SELECT item_id, at FROM ${table}`).iterate()) {
      claim.run(claimed)
    }
  }
}

function tenants(replaced: Sqlite.Database, copy: Sqlite.Database) {
  const disable = copy.prepare(
    'UPDATE tenants SET disabled_at = ? WHERE id = ? AND disabled_at IS NULL',
  )
  const disabled = replaced
    .prepare<[], { id: string; name: string; disabled_at: number }>(
      'SELECT id, name, disabled_at FROM tenants WHERE disabled_at IS NOT NULL',
    )
    .all()
    .filter(({ id, disabled_at: at }) => disable.run(at, id).changes === 1)
  return { tenants_disabled: disabled.map(({ name }) => name) }
}

function keys(replaced: Sqlite.Database, copy: Sqlite.Database, own: Carrying['own']) {
  const ended = {
    keys_revoked: [] as string[],
    keys_expiring_earlier: [] as string[],
    keys_rotated: [] as string[],
  }
  const inCopy = copy.prepare<[string], KeyRow>('SELECT * FROM api_keys WHERE api_key = ?')
  for (const key of replaced.prepare<[], KeyRow>('SELECT * FROM api_keys').all()) {
    const { api_key: id } = key
    const was = inCopy.get(id)
    if (!was || was.tenant_id !== key.tenant_id || was.site_id !== key.site_id) continue
    const owner = { tenantId: key.tenant_id, siteId: key.site_id }
    const hash = own(owner, key.secret_hash)
    const previous = key.previous_secret_hash && own(owner, key.previous_secret_hash)
    if (!hash.equals(was.secret_hash) && (key.rotated_at ?? 0) >= (was.rotated_at ?? 0)) {
      copy
        .prepare(
          `UPDATE api_keys SET secret_hash = ?, previous_secret_hash = ?, previous_secret_until = ?, rotated_at = ?
           WHERE api_key = ?`,
        )
        .run(hash, previous, key.previous_secret_until, key.rotated_at ?? null, id)
      ended.keys_rotated.push(id)
    }
    if (key.expires_at !== null && key.expires_at < (was.expires_at ?? Infinity)) {
      copy.prepare('UPDATE api_keys SET expires_at = ? WHERE api_key = ?').run(key.expires_at, id)
      ended.keys_expiring_earlier.push(id)
    }
    if (key.revoked_at !== null && was.revoked_at === null) {
      copy
        .prepare(
          `UPDATE api_keys SET revoked_at = ?, previous_secret_hash = NULL, previous_secret_until = NULL
           WHERE api_key = ?`,
        )
        .run(key.revoked_at, id)
      ended.keys_revoked.push(id)
    }
  }
  return ended
}

const siteRows = `
  SELECT sites.*, tenants.name || '/' || sites.name AS label, endpoints.disabled_at, disabled_reason, allowed_targets,
    previous_secret, previous_secret_until, changes.at AS changed_at
  FROM sites JOIN tenants ON tenants.id = sites.tenant_id LEFT JOIN endpoints ON endpoints.site_id = sites.id
    LEFT JOIN (
      SELECT tenant_id, subject, max(at) AS at FROM audit
      WHERE action IN ('site.updated', 'site.pinned', 'site.targets_allowed') GROUP BY tenant_id, subject
    ) AS changes ON changes.tenant_id = sites.tenant_id AND changes.subject = sites.name`

function sites(replaced: Sqlite.Database, copy: Sqlite.Database, reseal: Carrying['reseal']) {
  const ended = {
    webhook_secrets_rotated: [] as string[],
    endpoints_disabled: [] as string[],
    origins_withdrawn: [] as string[],
    targets_withdrawn: [] as string[],
    sites_without_reminder_mails: [] as string[],
    addresses_as_in_the_copy: [] as string[],
  }
  const rowsIn = (client: Sqlite.Database) => client.prepare<[], SiteRow>(siteRows).all()
  const inCopy = new Map(rowsIn(copy).map((site) => [site.id, site]))
  for (const site of rowsIn(replaced)) {
    const { id, label } = site
    const was = inCopy.get(id)
    if (!was || was.tenant_id !== site.tenant_id) continue
    const endpoint = (change: Record<string, Buffer | string | number | null>): void => {
      const names = Object.keys(change)
      copy
        .prepare(
          `INSERT INTO endpoints (site_id, ${names.join()}) VALUES (@id, ${names.map((name) => `@${name}`).join()})
           ON CONFLICT (site_id) DO UPDATE SET ${names.map((name) => `${name} = @${name}`).join()}`,
        )
        .run({ id, ...change })
    }
    if ((site.previous_secret_until ?? 0) > (was.previous_secret_until ?? 0)) {
      const { previous_secret: previous, previous_secret_until: until } = site
      const secret = reseal(id, site.webhook_secret)
      copy.prepare('UPDATE sites SET webhook_secret = ? WHERE id = ?').run(secret, id)
      endpoint({
        previous_secret: previous && reseal(id, previous),
        previous_secret_until: until,
      })
      ended.webhook_secrets_rotated.push(label)
    }
    if (site.disabled_at !== null && was.disabled_at === null) {
      endpoint({ disabled_at: site.disabled_at, disabled_reason: site.disabled_reason })
      ended.endpoints_disabled.push(label)
    }
    if ((site.changed_at ?? 0) < (was.changed_at ?? 0)) continue
    const origins = kept(was.allowed_origins, site.allowed_origins)
    if (origins) {
      copy.prepare('UPDATE sites SET allowed_origins = ? WHERE id = ?').run(origins, id)
      ended.origins_withdrawn.push(label)
    }
    const targets = kept(was.allowed_targets ?? '[]', site.allowed_targets ?? '[]')
    if (targets) {
      endpoint({ allowed_targets: targets })
      ended.targets_withdrawn.push(label)
    }
    if (site.remind_by === 'webhook' && was.remind_by === 'mail') {
      copy.prepare("UPDATE sites SET remind_by = 'webhook' WHERE id = ?").run(id)
      ended.sites_without_reminder_mails.push(label)
    }
    if (was.origin !== site.origin || was.webhook_url !== site.webhook_url) {
      ended.addresses_as_in_the_copy.push(label)
    }
  }
  return ended
}

/** Who wanted no more mails wants none now, whichever of the two is the older one. */
function users(replaced: Sqlite.Database, copy: Sqlite.Database) {
  const knows = replaced
    .prepare("SELECT 1 FROM pragma_table_info('bridge_users') WHERE name = 'mail_stopped_at'")
    .get()
  if (!knows) return { users_without_reminder_mails: [] }
  const stop = copy.prepare(
    'UPDATE bridge_users SET mail_stopped_at = ? WHERE id = ? AND mail_stopped_at IS NULL',
  )
  const stopped = replaced
    .prepare<[], { id: string; mail_stopped_at: number }>(
      'SELECT id, mail_stopped_at FROM bridge_users WHERE mail_stopped_at IS NOT NULL',
    )
    .all()
    .filter(({ id, mail_stopped_at: at }) => stop.run(at, id).changes === 1)
  return { users_without_reminder_mails: stopped.map(({ id }) => id) }
}

/** What of a list in the copy is still in the list of now; undefined when all of it is. */
function kept(was: string, is: string): string | undefined {
  const [before, still] = [was, is].map((list) => JSON.parse(list) as string[])
  const left = before!.filter((one) => still!.includes(one))
  return left.length === before!.length ? undefined : JSON.stringify(left)
}
