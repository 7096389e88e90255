import { and, asc, count, eq, inArray, isNotNull, isNull, type SQL } from 'drizzle-orm'
import type { PgTable } from 'drizzle-orm/pg-core'
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
import type { Db, Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { lockTenant } from './locks.ts'

function required(removal: Removal | undefined, id: string): Removal {
  if (!removal) throw new Error(`No removal ${id}`)
  return removal
}

const get = async (db: Db, id: string): Promise<Removal> =>
  required((await db.select().from(removals).where(eq(removals.id, id)))[0], id)

/** A removal as it stands, and nobody else's step of it until the transaction ends. */
const lock = async (db: Db, id: string): Promise<Removal> =>
  required((await db.select().from(removals).where(eq(removals.id, id)).for('update'))[0], id)

type Subject = Pick<Removal, 'kind' | 'subjectId'>

/** The sites a removal is about, as a condition on `sites`. */
const ofRemoval = ({ kind, subjectId }: Subject): SQL =>
  kind === 'site' ? eq(sites.id, subjectId) : eq(sites.tenantId, subjectId)

const siteIds = (db: Db, removal: Subject) =>
  db.select({ id: sites.id }).from(sites).where(ofRemoval(removal))

const oneUserOf = async (db: Db, removal: Removal) =>
  (
    await db
      .select()
      .from(bridgeUsers)
      .where(inArray(bridgeUsers.siteId, siteIds(db, removal)))
      .limit(1)
  )[0]

const add = (db: Db, { id, receipt }: Removal, more: Partial<Receipt>) =>
  db
    .update(removals)
    .set({ receipt: withMore(receipt, more) })
    .where(eq(removals.id, id))

/** What of a table hangs on something goes; says how much that was. */
const drop = async (db: Db, table: PgTable, where: SQL | undefined): Promise<number> =>
  (await db.delete(table).where(where)).rowCount ?? 0

/** What a deletion would remove. */
async function countOf(
  db: Db,
  { withBridgeUsers, ...of }: Subject & Pick<Removal, 'withBridgeUsers'>,
): Promise<Receipt> {
  const { kind, subjectId } = of
  const many = async (table: PgTable, where: SQL | undefined) =>
    (await db.select({ many: count() }).from(table).where(where))[0]?.many ?? 0
  const itsSites = inArray(bridgeUsers.siteId, siteIds(db, of))
  const users = db.select({ id: bridgeUsers.id }).from(bridgeUsers).where(itsSites)
  const itsItems = inArray(items.userId, users)
  const held = db.select({ id: items.id }).from(items).where(itsItems)
  const itsEvents = inArray(events.siteId, siteIds(db, of))
  const seqs = db.select({ seq: events.seq }).from(events).where(itsEvents)
  const itsKeys = kind === 'site' ? eq(apiKeys.siteId, subjectId) : eq(apiKeys.tenantId, subjectId)
  const atBridge = and(itsSites, isNotNull(bridgeUsers.userUuid))
  return {
    bridge_items: await many(items, and(itsItems, isNull(items.goneAt))),
    bridge_users: withBridgeUsers ? await many(bridgeUsers, atBridge) : 0,
    items: await many(items, itsItems),
    accounts: await many(accounts, inArray(accounts.itemId, held)),
    users: await many(bridgeUsers, itsSites),
    requests: await many(connectRequests, inArray(connectRequests.userId, users)),
    events: await many(events, itsEvents),
    deliveries: await many(deliveries, inArray(deliveries.eventSeq, seqs)),
    keys: await many(apiKeys, itsKeys),
    sites: await many(sites, ofRemoval(of)),
  }
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
          .where(and(ofRemoval(made), isNull(sites.removedAt)))
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

    nextUserToRemove: (removalId) =>
      run(async (db) => {
        const user = await oneUserOf(db, await get(db, removalId))
        if (!user) return undefined
        const held = await db.select({ id: items.id }).from(items).where(eq(items.userId, user.id))
        return { user, itemIds: held.map(({ id }) => id) }
      }),

    removeItem: (removalId, itemId) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        const users = db
          .select({ id: bridgeUsers.id })
          .from(bridgeUsers)
          .where(inArray(bridgeUsers.siteId, siteIds(db, removal)))
        // Bridge may list an item that stands here under another's name: that one stays.
        const mine = and(eq(items.id, itemId), inArray(items.userId, users))
        const [known] = await db.select({ id: items.id }).from(items).where(mine).for('update')
        const gone = {
          accounts: known ? await drop(db, accounts, eq(accounts.itemId, itemId)) : 0,
          items: known ? await drop(db, items, eq(items.id, itemId)) : 0,
        }
        await add(db, removal, ofItem(gone))
      }),

    removeUser: (removalId, userId, atBridge) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        const requests = await drop(db, connectRequests, eq(connectRequests.userId, userId))
        const users = await drop(db, bridgeUsers, eq(bridgeUsers.id, userId))
        await add(db, removal, ofUser({ requests, users }, { atBridge }))
      }),

    removeEvents: (removalId, limit) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        const batch = await db
          .select({ seq: events.seq })
          .from(events)
          .where(inArray(events.siteId, siteIds(db, removal)))
          .limit(limit)
        if (batch.length === 0) return false
        const seqs = batch.map(({ seq }) => seq)
        const gone = await drop(db, deliveries, inArray(deliveries.eventSeq, seqs))
        await drop(db, events, inArray(events.seq, seqs))
        await add(db, removal, { events: batch.length, deliveries: gone })
        return batch.length === limit
      }),

    finishRemoval: (removalId, at) =>
      transaction(async (db) => {
        const removal = await lock(db, removalId)
        if (removal.finishedAt !== null) return true
        const { kind, tenantId, subjectId, name, actor } = removal
        // From here on nothing can be added to them: a row that refers to one waits, and then finds it gone.
        await db.select({ id: sites.id }).from(sites).where(ofRemoval(removal)).for('update')
        const late = await db
          .select({ seq: events.seq })
          .from(events)
          .where(inArray(events.siteId, siteIds(db, removal)))
          .limit(1)
        if (late.length > 0 || (await oneUserOf(db, removal))) return false

        const [key, call] =
          kind === 'site'
            ? [eq(apiKeys.siteId, subjectId), eq(calls.siteId, subjectId)]
            : [eq(apiKeys.tenantId, subjectId), eq(calls.tenantId, subjectId)]
        const keys = await drop(db, apiKeys, key)
        await drop(db, calls, call)
        const gone = await drop(db, sites, ofRemoval(removal))
        if (kind === 'tenant') await drop(db, tenants, eq(tenants.id, subjectId))
        await add(db, removal, { keys, sites: gone })
        // With a tenant, the deletions of its sites that were cut off are over too.
        const over = kind === 'site' ? eq(removals.id, removalId) : eq(removals.tenantId, subjectId)
        await db
          .update(removals)
          .set({ finishedAt: at })
          .where(and(over, isNull(removals.finishedAt)))
        const { receipt } = await get(db, removalId)
        const entry = { at, actor, tenantId, action: `${kind}.deleted`, subject: name }
        await writeAudit(db, { ...entry, detail: { removal: removalId, ...receipt } })
        return true
      }),

    getRemoval: (removalId) => run((db) => get(db, removalId)),
  }
}
