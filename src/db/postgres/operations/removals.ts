import { and, asc, eq, inArray, isNotNull, isNull, or, sql, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
import { when } from '../../conditions.ts'
import type { ExportKind } from '../../ports/exports.ts'
import type { Receipt, Removal, RemovalStore } from '../../ports/removals.ts'
import { ownedRows, type RowOwner } from '../../rules/owned-rows.ts'
import {
  callsAtOnce,
  countedKinds,
  hanging,
  nothingYet,
  stepDone,
  withMore,
} from '../../rules/removal-receipt.ts'
import { apiKeys, bridgeUsers, calls, items, removals, sites, tenants } from '../schema/index.ts'
import { changed, first, type Db, type Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { lockTenant } from './locks.ts'
import { named, rowsOf } from './owned-rows.ts'

function required(removal: Removal | undefined, id: string): Removal {
  if (!removal) throw new Error(`No removal ${id}`)
  return removal
}

const get = async (db: Db, id: string): Promise<Removal> =>
  required(await first(db.select().from(removals).where(eq(removals.id, id))), id)

/** A removal as it stands, and nobody else's step of it until the transaction ends. */
const lock = async (db: Db, id: string): Promise<Removal> =>
  required(await first(db.select().from(removals).where(eq(removals.id, id)).for('update')), id)

const tableOf = (kind: ExportKind) => named(ownedRows[kind].table)

/** Whether a user is at Bridge what it was, or nothing any more. */
export const isStill = (uuid: string | null | undefined): SQL | undefined =>
  when(uuid, (was) =>
    or(isNull(bridgeUsers.userUuid), was === null ? undefined : eq(bridgeUsers.userUuid, was)),
  )

/** Whether anything of a kind is left of what goes. */
const isAnyLeft = async (db: Db, kind: ExportKind, of: RowOwner): Promise<boolean> => {
  const left = db.select({ one: sql`1` }).from(tableOf(kind).table)
  return (await left.where(rowsOf(db, kind, of)).limit(1)).length > 0
}

const add = (db: Db, { id, receipt }: Removal, more: Partial<Receipt>) =>
  db
    .update(removals)
    .set({ receipt: withMore(receipt, more) })
    .where(eq(removals.id, id))

/** What of a table hangs on something goes; says how much that was. */
const drop = (db: Db, table: PgTable, where: SQL | undefined): Promise<number> =>
  changed(db.delete(table).where(where))

/** What a deletion would remove. */
async function countOf(
  db: Db,
  { withBridgeUsers, ...of }: RowOwner & Pick<Removal, 'withBridgeUsers'>,
): Promise<Receipt> {
  const many = (kind: ExportKind, which?: SQL) =>
    db.$count(tableOf(kind).table, and(rowsOf(db, kind, of), which))
  const receipt = { ...nothingYet, bridge_items: await many('items', isNull(items.goneAt)) }
  for (const kind of countedKinds) receipt[kind] = await many(kind)
  if (withBridgeUsers) receipt.bridge_users = await many('users', isNotNull(bridgeUsers.userUuid))
  return receipt
}

export function removalOperations({ run, transaction }: Tools): RemovalStore {
  return {
    startRemoval: (removal, { actor, at }) =>
      transaction(async (db) => {
        const { tenantId, subjectId, kind, name } = removal
        await lockTenant(db, tenantId)
        const [made] = await db
          .insert(removals)
          .values({ ...removal, actor, startedAt: at, receipt: nothingYet })
          .onConflictDoNothing({ target: removals.subjectId })
          .returning()
        if (!made) {
          const [there] = await db.select().from(removals).where(eq(removals.subjectId, subjectId))
          return required(there, removal.id)
        }
        await db
          .update(sites)
          .set({ removedAt: at })
          .where(and(rowsOf(db, 'sites', made), isNull(sites.removedAt)))
        if (kind === 'tenant') {
          await db.update(tenants).set({ disabledAt: at }).where(eq(tenants.id, tenantId))
        }
        await writeAudit(db, { at, actor, tenantId, action: `${kind}.deleting`, subject: name })
        return made
      }),

    countToRemove: (of) => run((db) => countOf(db, of)),

    listOpenRemovals: () =>
      run((db) =>
        db
          .select()
          .from(removals)
          .where(isNull(removals.finishedAt))
          .orderBy(asc(removals.startedAt)),
      ),

    removeRows: (removalId, kind, which) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        const [{ table, column }, parts] = [tableOf(kind), tableOf(hanging[kind].kind)]
        const key = column(ownedRows[kind].key)
        // Bridge may list an item that stands here under another's name: that one stays.
        const isIt = 'key' in which ? and(eq(key, which.key), isStill(which.userUuid)) : undefined
        const found = await db
          .select({ key })
          .from(table)
          .where(and(rowsOf(db, kind, removal), isIt))
          .limit('limit' in which ? which.limit : 1)
          .for('update')
        const keys = found.map((row) => row.key)
        const hung = await drop(db, parts.table, inArray(parts.column(hanging[kind].by), keys))
        const rows = await drop(db, table, inArray(key, keys))
        const atBridge = 'key' in which && which.atBridge
        await add(db, removal, stepDone(kind, { rows, hung, atBridge }))
        return rows
      }),

    finishRemoval: (removalId, at) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        if (removal.finishedAt !== null) return 'done'
        const { kind, tenantId, subjectId, name, actor } = removal
        const someCalls = db.select({ id: calls.id }).from(calls)
        const old = someCalls.where(rowsOf(db, 'calls', removal)).limit(callsAtOnce)
        if ((await drop(db, calls, inArray(calls.id, old))) === callsAtOnce) return 'more'
        // From here on nothing can be added to them: a row that refers to one waits, and then finds it gone.
        const [site, another] = await db
          .select({ id: sites.id })
          .from(sites)
          .where(rowsOf(db, 'sites', removal))
          .limit(2)
          .for('update')
        const piece: RowOwner = another ? { kind: 'site', subjectId: site!.id } : removal
        for (const kind of ['events', 'users'] as const) {
          if (await isAnyLeft(db, kind, piece)) return 'again'
        }

        const keys = await drop(db, apiKeys, rowsOf(db, 'keys', piece))
        const gone = await drop(db, sites, rowsOf(db, 'sites', piece))
        await add(db, removal, { keys, sites: gone })
        if (another) return 'more'
        if (kind === 'tenant') await drop(db, tenants, eq(tenants.id, subjectId))
        // With a tenant, the deletions of its sites that were cut off are over too.
        const over = kind === 'site' ? eq(removals.id, removalId) : eq(removals.tenantId, subjectId)
        await db
          .update(removals)
          .set({ finishedAt: at })
          .where(and(over, isNull(removals.finishedAt)))
        const { receipt } = await get(db, removalId)
        const entry = { at, actor, tenantId, action: `${kind}.deleted`, subject: name }
        await writeAudit(db, { ...entry, detail: { removal: removalId, ...receipt } })
        return 'done'
      }),

    getRemoval: (removalId) => run((db) => get(db, removalId)),
  }
}
