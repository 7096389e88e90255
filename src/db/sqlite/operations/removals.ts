import { and, count, eq, inArray, isNotNull, isNull, or, sql, type SQL } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
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
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { named, rowsOf } from './owned-rows.ts'

const tableOf = (kind: ExportKind) => named(ownedRows[kind].table)

/** Whether a user is at Bridge what it was, or nothing any more. */
export const isStill = (uuid: string | null | undefined): SQL | undefined =>
  when(uuid, (was) =>
    or(isNull(bridgeUsers.userUuid), was === null ? undefined : eq(bridgeUsers.userUuid, was)),
  )

export function removalOperations({ db, read, write }: Tools): RemovalStore {
  const get = (id: string): Removal => {
    const removal = db.select().from(removals).where(eq(removals.id, id)).get()
    if (!removal) throw new Error(`No removal ${id}`)
    return removal
  }

  /** Whether anything of a kind is left of what goes. */
  const isAnyLeft = (kind: ExportKind, of: RowOwner): boolean => {
    const left = db.select({ one: sql`1` }).from(tableOf(kind).table)
    return (
      left
        .where(rowsOf(db, kind, of))
        .limit(1)
        .get() !== undefined
    )
  }

  const add = ({ id, receipt }: Removal, more: Partial<Receipt>): void => {
    db.update(removals)
      .set({ receipt: withMore(receipt, more) })
      .where(eq(removals.id, id))
      .run()
  }

  /** What of a table hangs on something goes, and says how much that was. */
  const drop = (table: SQLiteTable, where: SQL) => db.delete(table).where(where).run().changes

  return {
    startRemoval: (removal, { actor, at }) =>
      write(() => {
        const { tenantId, subjectId, kind, name } = removal
        const there = db.select().from(removals).where(eq(removals.subjectId, subjectId)).get()
        if (there) return there
        const made = db
          .insert(removals)
          .values({ ...removal, actor, startedAt: at, receipt: nothingYet })
          .returning()
          .get()
        db.update(sites)
          .set({ removedAt: at })
          .where(and(rowsOf(db, 'sites', made), isNull(sites.removedAt)))
          .run()
        if (kind === 'tenant') {
          db.update(tenants).set({ disabledAt: at }).where(eq(tenants.id, tenantId)).run()
        }
        writeAudit(db, { at, actor, tenantId, action: `${kind}.deleting`, subject: name })
        return made
      }),

    countToRemove: ({ withBridgeUsers, ...of }) =>
      read(() => {
        const many = (kind: ExportKind, which?: SQL) =>
          db
            .select({ many: count() })
            .from(tableOf(kind).table)
            .where(and(rowsOf(db, kind, of), which))
            .get()?.many ?? 0
        const receipt = { ...nothingYet, bridge_items: many('items', isNull(items.goneAt)) }
        for (const kind of countedKinds) receipt[kind] = many(kind)
        if (withBridgeUsers) receipt.bridge_users = many('users', isNotNull(bridgeUsers.userUuid))
        return receipt
      }),

    listOpenRemovals: () =>
      read(() =>
        db
          .select()
          .from(removals)
          .where(isNull(removals.finishedAt))
          .orderBy(removals.startedAt)
          .all(),
      ),

    removeRows: (removalId, kind, which) =>
      write(() => {
        const removal = get(removalId)
        const [{ table, column }, parts] = [tableOf(kind), tableOf(hanging[kind].kind)]
        const key = column(ownedRows[kind].key)
        // Bridge may list an item that stands here under another's name: that one stays.
        const isIt = 'key' in which ? and(eq(key, which.key), isStill(which.userUuid)) : undefined
        const found = db
          .select({ key })
          .from(table)
          .where(and(rowsOf(db, kind, removal), isIt))
          .limit('limit' in which ? which.limit : 1)
          .all()
        const keys = found.map((row) => row.key)
        const hung = drop(parts.table, inArray(parts.column(hanging[kind].by), keys))
        const rows = drop(table, inArray(key, keys))
        const atBridge = 'key' in which && which.atBridge
        add(removal, stepDone(kind, { rows, hung, atBridge }))
        return rows
      }),

    finishRemoval: (removalId, at) =>
      write(() => {
        const removal = get(removalId)
        if (removal.finishedAt !== null) return 'done'
        const someCalls = db.select({ id: calls.id }).from(calls)
        const old = someCalls.where(rowsOf(db, 'calls', removal)).limit(callsAtOnce)
        if (drop(calls, inArray(calls.id, old)) === callsAtOnce) return 'more'
        const { kind, tenantId, subjectId, name, actor } = removal
        const [site, another] = db
          .select({ id: sites.id })
          .from(sites)
          .where(rowsOf(db, 'sites', removal))
          .limit(2)
          .all()
        const piece: RowOwner = another ? { kind: 'site', subjectId: site!.id } : removal
        if (isAnyLeft('events', piece) || isAnyLeft('users', piece)) return 'again'

        const keys = drop(apiKeys, rowsOf(db, 'keys', piece))
        const gone = drop(sites, rowsOf(db, 'sites', piece))
        add(removal, { keys, sites: gone })
        if (another) return 'more'
        if (kind === 'tenant') db.delete(tenants).where(eq(tenants.id, subjectId)).run()
        // With a tenant, the deletions of its sites that were cut off are over too.
        const over = kind === 'site' ? eq(removals.id, removalId) : eq(removals.tenantId, subjectId)
        db.update(removals)
          .set({ finishedAt: at })
          .where(and(over, isNull(removals.finishedAt)))
          .run()
        const { receipt } = get(removalId)
        const entry = { at, actor, tenantId, action: `${kind}.deleted`, subject: name }
        writeAudit(db, { ...entry, detail: { removal: removalId, ...receipt } })
        return 'done'
      }),

    getRemoval: (removalId) => read(() => get(removalId)),
  }
}
