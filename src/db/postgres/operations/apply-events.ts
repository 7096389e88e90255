import { and, eq, isNull, sql } from 'drizzle-orm'
import type { EventChange, Handling } from '../../ports/events.ts'
import type { Item } from '../../ports/items.ts'
import { concernsUser, itemAfterEvent } from '../../rules/item-change.ts'
import { ClaimLostError } from '../../store-errors.ts'
import { bridgeUsers, items } from '../schema/index.ts'
import { tableOf, type Db, type Last } from '../tools.ts'
import { deletedAmong, lockItems, storeItems, storingAccounts } from './item-rows.ts'
import { lockUsers } from './locks.ts'
import { claimsOf } from './work-claims.ts'

/** An event to apply, and whose it is to be noted as handled. */
export interface Applying {
  change: EventChange
  handling: (Handling & { handledAt: number | null }) | undefined
}

/** Applies events one after the other to what was read of all, and writes what came of it; an error is of one event. */
export async function applyAll(
  db: Db,
  last: Last,
  all: readonly Applying[],
): Promise<(boolean | ClaimLostError)[]> {
  const userIds = all.map(({ change }) => change.userId)
  const itemIds = all.flatMap(({ change }) => ('itemId' in change ? change.itemId : []))
  const [claims, users, known] = await Promise.all([
    claimsOf(db, 'user-events', userIds),
    lockUsers(db, userIds),
    lockItems(db, itemIds),
  ])
  const changed = new Set<number>()
  const its = new Map<number, { id: number; itemId: number; createdAt: number }>()
  const handled: { seq: number; at: number }[] = []
  const keep = (item: Item) => {
    known.set(item.id, item)
    changed.add(item.id)
  }
  const apply = async (change: EventChange): Promise<boolean> => {
    const { userId, at } = change
    const user = users.get(userId)
    if (!user || !concernsUser(user, change)) return false
    if (change.kind === 'user-gone') {
      users.set(userId, { ...user, userUuid: null })
      const its = [...known.values()].filter((item) => item.userId === userId)
      for (const item of its) known.set(item.id, { ...item, goneAt: item.goneAt ?? at })
      last(
        db.update(bridgeUsers).set({ userUuid: null }).where(eq(bridgeUsers.id, userId)),
        db
          .update(items)
          .set({ goneAt: at })
          .where(and(eq(items.userId, userId), isNull(items.goneAt))),
      )
      return true
    }
    const item = known.get(change.itemId)
    const asked = item || change.kind === 'item-gone' ? [] : [change.itemId]
    const deleted = await deletedAmong(db, asked, change)
    const after = itemAfterEvent(item, change, { wasDeleted: deleted.has(change.itemId) })
    if (after) keep(after)
    if (after === undefined) return false
    if (change.kind === 'account') {
      const { accountId: id, itemId } = change
      its.set(id, { id, itemId, createdAt: at })
    }
    return true
  }
  const ends: (boolean | ClaimLostError)[] = []
  for (const { change, handling } of all) {
    const isLost = handling && claims.get(change.userId) !== handling.by
    ends.push(
      isLost ? new ClaimLostError('Another server has this event by now') : await apply(change),
    )
    if (!isLost && handling?.handledAt != null)
      handled.push({ seq: handling.seq, at: handling.handledAt })
  }
  await storeItems(
    db,
    [...changed].map((id) => known.get(id)!),
  )
  if (its.size > 0) last(storingAccounts(db, [...its.values()]))
  if (handled.length > 0) {
    const done = tableOf('done', handled, { seq: 'bigint', at: 'bigint' })
    last(
      db.execute(
        sql`UPDATE events SET handled_at = done.at FROM ${done} WHERE events.seq = done.seq`,
      ),
    )
  }
  return ends
}
