import { and, desc, eq, gt, inArray, isNull, lte, notInArray, sql } from 'drizzle-orm'
import type { ItemFacts, ItemStore } from '../../store.ts'
import { accounts, bridgeUsers, itemRefreshes, items, sites } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { inScope } from './tenants.ts'

/** Stores an item or what is new of it. False when another user holds it: then nothing changed. */
export function writeItem(
  db: Tools['db'],
  item: ItemFacts & { userId: string; bank?: string | null; at: number },
): boolean {
  const { at, userId, bank = null, ...facts } = item
  const row = { ...facts, updatedAt: at, unreachableAt: null, goneAt: null }
  const written = db
    .insert(items)
    .values({ ...row, userId, bank, createdAt: at })
    .onConflictDoUpdate({
      target: items.id,
      set: {
        ...row,
        bank: sql`coalesce(${bank}, ${items.bank})`,
        providerName: sql`coalesce(${facts.providerName}, ${items.providerName})`,
      },
      setWhere: eq(items.userId, userId),
    })
    .run()
  return written.changes === 1
}

export function itemOperations({ db, read, write }: Tools): ItemStore {
  const owned = () =>
    db
      .select({ item: items, user: bridgeUsers, site: sites })
      .from(items)
      .innerJoin(bridgeUsers, eq(bridgeUsers.id, items.userId))
      .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

  return {
    findItem: (scope, itemId) =>
      read(() =>
        owned()
          .where(and(inScope(scope), eq(items.id, itemId), isNull(items.goneAt)))
          .get(),
      ),

    listItems: (userId) =>
      read(() =>
        db
          .select()
          .from(items)
          .where(and(eq(items.userId, userId), isNull(items.goneAt)))
          .all(),
      ),

    keepItems: (userId, facts, { at, complete }) =>
      write(() => {
        for (const fact of facts) writeItem(db, { ...fact, userId, at })
        if (!complete) return
        const present = facts.map(({ id }) => id)
        db.update(items)
          .set({ goneAt: at })
          .where(and(eq(items.userId, userId), isNull(items.goneAt), notInArray(items.id, present)))
          .run()
      }),

    markUnreachable: (itemId, at) =>
      write(() => {
        db.update(items)
          .set({ unreachableAt: at })
          .where(and(eq(items.id, itemId), isNull(items.unreachableAt)))
          .run()
      }),

    deleteItem: (itemId, { actor, at }) =>
      write(() => {
        const held = owned().where(eq(items.id, itemId)).get()
        if (!held) return { accounts: 0 }
        const gone = db.delete(accounts).where(eq(accounts.itemId, itemId)).run().changes
        db.delete(items).where(eq(items.id, itemId)).run()
        const { tenantId, name } = held.site
        const entry = { at, actor, tenantId, action: 'item.deleted', subject: String(itemId) }
        writeAudit(db, { ...entry, detail: { site: name, accounts: gone } })
        return { accounts: gone }
      }),

    claimRefresh: (itemId, { at, since, most }) =>
      write(() => {
        const recent = db
          .select({ at: itemRefreshes.at })
          .from(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), gt(itemRefreshes.at, since)))
          .orderBy(desc(itemRefreshes.at))
          .limit(most)
          .all()
        const oldest = recent[most - 1]
        if (oldest) return { oldestAt: oldest.at }
        db.delete(itemRefreshes)
          .where(and(eq(itemRefreshes.itemId, itemId), lte(itemRefreshes.at, since)))
          .run()
        const row = db.insert(itemRefreshes).values({ itemId, at }).returning().get()
        return { claim: row.id }
      }),

    releaseRefresh: (claim) =>
      write(() => {
        db.delete(itemRefreshes).where(eq(itemRefreshes.id, claim)).run()
      }),

    findAccount: (scope, accountId) =>
      read(() =>
        owned()
          .innerJoin(accounts, eq(accounts.itemId, items.id))
          .where(and(inScope(scope), eq(accounts.id, accountId), isNull(items.goneAt)))
          .get(),
      ),

    async keepAccounts(all, at) {
      const known = await read(() =>
        db
          .select({ id: accounts.id, itemId: accounts.itemId })
          .from(accounts)
          .where(
            inArray(
              accounts.id,
              all.map(({ id }) => id),
            ),
          )
          .all(),
      )
      const itemOf = new Map(known.map(({ id, itemId }) => [id, itemId]))
      const fresh = all.filter(({ id, itemId }) => itemOf.get(id) !== itemId)
      if (fresh.length === 0) return
      await write(() => {
        for (const { id, itemId } of fresh) writeAccount(db, { id, itemId, at })
      })
    },
  }
}

/** Stores an account of an item we hold; of another item nothing is stored. */
export function writeAccount(
  db: Tools['db'],
  { id, itemId, at }: { id: number; itemId: number; at: number },
): void {
  if (!db.select({ id: items.id }).from(items).where(eq(items.id, itemId)).get()) return
  db.insert(accounts)
    .values({ id, itemId, createdAt: at })
    .onConflictDoUpdate({ target: accounts.id, set: { itemId } })
    .run()
}
