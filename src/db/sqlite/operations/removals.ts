import { and, count, eq, inArray, isNotNull, isNull, type SQL } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Receipt, Removal, RemovalStore } from '../../ports/removals.ts'
import { nothingYet, ofItem, ofUser, withMore } from '../../rules/removal-receipt.ts'
import {
  accounts,
  apiKeys,
  bridgeUsers,
  calls,
  connectRequests,
  deliveries,
  events,
  items,
  removals,
  sites,
  tenants,
} from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'

type Subject = Pick<Removal, 'kind' | 'subjectId'>

export function removalOperations({ db, read, write }: Tools): RemovalStore {
  const get = (id: string): Removal => {
    const removal = db.select().from(removals).where(eq(removals.id, id)).get()
    if (!removal) throw new Error(`No removal ${id}`)
    return removal
  }

  /** The sites a removal is about, as a condition on `sites`. */
  const ofRemoval = ({ kind, subjectId }: Subject): SQL =>
    kind === 'site' ? eq(sites.id, subjectId) : eq(sites.tenantId, subjectId)

  const siteIds = (removal: Subject) =>
    db.select({ id: sites.id }).from(sites).where(ofRemoval(removal))

  const usersOf = (removal: Subject) =>
    db
      .select()
      .from(bridgeUsers)
      .where(inArray(bridgeUsers.siteId, siteIds(removal)))

  const add = ({ id, receipt }: Removal, more: Partial<Receipt>): void => {
    db.update(removals)
      .set({ receipt: withMore(receipt, more) })
      .where(eq(removals.id, id))
      .run()
  }

  /** What of a table hangs on something goes, and says how much that was. */
  const drop = (table: typeof items | typeof accounts | typeof connectRequests, where: SQL) =>
    db.delete(table).where(where).run().changes

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
          .where(and(ofRemoval(made), isNull(sites.removedAt)))
          .run()
        if (kind === 'tenant') {
          db.update(tenants).set({ disabledAt: at }).where(eq(tenants.id, tenantId)).run()
        }
        writeAudit(db, { at, actor, tenantId, action: `${kind}.deleting`, subject: name })
        return made
      }),

    countToRemove: ({ withBridgeUsers, ...of }) =>
      read(() => {
        const many = (table: SQLiteTable, where: SQL | undefined) =>
          db.select({ many: count() }).from(table).where(where).get()?.many ?? 0
        const users = db
          .select({ id: bridgeUsers.id })
          .from(bridgeUsers)
          .where(inArray(bridgeUsers.siteId, siteIds(of)))
        const held = db.select({ id: items.id }).from(items).where(inArray(items.userId, users))
        const seqs = db
          .select({ seq: events.seq })
          .from(events)
          .where(inArray(events.siteId, siteIds(of)))
        const itsUsers = inArray(bridgeUsers.siteId, siteIds(of))
        const atBridge = and(itsUsers, isNotNull(bridgeUsers.userUuid))
        const { kind, subjectId } = of
        return {
          bridge_items: many(items, and(inArray(items.userId, users), isNull(items.goneAt))),
          bridge_users: withBridgeUsers ? many(bridgeUsers, atBridge) : 0,
          items: many(items, inArray(items.userId, users)),
          accounts: many(accounts, inArray(accounts.itemId, held)),
          users: many(bridgeUsers, itsUsers),
          requests: many(connectRequests, inArray(connectRequests.userId, users)),
          events: many(events, inArray(events.siteId, siteIds(of))),
          deliveries: many(deliveries, inArray(deliveries.eventSeq, seqs)),
          keys: many(
            apiKeys,
            kind === 'site' ? eq(apiKeys.siteId, subjectId) : eq(apiKeys.tenantId, subjectId),
          ),
          sites: many(sites, ofRemoval(of)),
        }
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

    nextUserToRemove: (removalId) =>
      read(() => {
        const user = usersOf(get(removalId)).limit(1).get()
        if (!user) return undefined
        const held = db.select({ id: items.id }).from(items).where(eq(items.userId, user.id)).all()
        return { user, itemIds: held.map(({ id }) => id) }
      }),

    removeItem: (removalId, itemId) =>
      write(() => {
        const removal = get(removalId)
        const users = db
          .select({ id: bridgeUsers.id })
          .from(bridgeUsers)
          .where(inArray(bridgeUsers.siteId, siteIds(removal)))
        // Bridge may list an item that stands here under another's name: that one stays.
        const mine = and(eq(items.id, itemId), inArray(items.userId, users))
        const known = db.select({ id: items.id }).from(items).where(mine).get()
        const gone = {
          accounts: known ? drop(accounts, eq(accounts.itemId, itemId)) : 0,
          items: known ? drop(items, eq(items.id, itemId)) : 0,
        }
        add(removal, ofItem(gone))
      }),

    removeUser: (removalId, userId, atBridge) =>
      write(() => {
        const removal = get(removalId)
        const requests = drop(connectRequests, eq(connectRequests.userId, userId))
        const users = db.delete(bridgeUsers).where(eq(bridgeUsers.id, userId)).run().changes
        add(removal, ofUser({ requests, users }, { atBridge }))
      }),

    removeEvents: (removalId, limit) =>
      write(() => {
        const removal = get(removalId)
        const batch = db
          .select({ seq: events.seq })
          .from(events)
          .where(inArray(events.siteId, siteIds(removal)))
          .limit(limit)
          .all()
          .map(({ seq }) => seq)
        if (batch.length === 0) return false
        const gone = db.delete(deliveries).where(inArray(deliveries.eventSeq, batch)).run().changes
        db.delete(events).where(inArray(events.seq, batch)).run()
        add(removal, { events: batch.length, deliveries: gone })
        return batch.length === limit
      }),

    finishRemoval: (removalId, at) =>
      write(() => {
        const removal = get(removalId)
        if (removal.finishedAt !== null) return true
        const late = db
          .select({ seq: events.seq })
          .from(events)
          .where(inArray(events.siteId, siteIds(removal)))
          .limit(1)
          .get()
        if (late || usersOf(removal).limit(1).get()) return false

        const { kind, tenantId, subjectId, name, actor } = removal
        const ofIt =
          kind === 'site' ? eq(apiKeys.siteId, subjectId) : eq(apiKeys.tenantId, subjectId)
        const keys = db.delete(apiKeys).where(ofIt).run().changes
        const callsOfIt =
          kind === 'site' ? eq(calls.siteId, subjectId) : eq(calls.tenantId, subjectId)
        db.delete(calls).where(callsOfIt).run()
        const gone = db.delete(sites).where(ofRemoval(removal)).run().changes
        if (kind === 'tenant') db.delete(tenants).where(eq(tenants.id, subjectId)).run()
        add(removal, { keys, sites: gone })
        // With a tenant, the deletions of its sites that were cut off are over too.
        const over = kind === 'site' ? eq(removals.id, removalId) : eq(removals.tenantId, subjectId)
        db.update(removals)
          .set({ finishedAt: at })
          .where(and(over, isNull(removals.finishedAt)))
          .run()
        const { receipt } = get(removalId)
        const entry = { at, actor, tenantId, action: `${kind}.deleted`, subject: name }
        writeAudit(db, { ...entry, detail: { removal: removalId, ...receipt } })
        return true
      }),

    getRemoval: (removalId) => read(() => get(removalId)),
  }
}
