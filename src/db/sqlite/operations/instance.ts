import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { InstanceStore } from '../../ports/instance.ts'
import { apiKeys, dataKeys, instance } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { followed } from '../../rules/sealed-columns.ts'
import { writeAudit } from './audit.ts'
import { moveTimes } from './clock.ts'
import { isSealedWith } from './sealed.ts'

export const only = 1

export function instanceOperations({ db, read, write }: Tools): InstanceStore {
  const current = () => {
    const row = db.select().from(instance).where(eq(instance.id, only)).get()
    if (!row) return undefined
    const keys = db
      .select({ id: dataKeys.id, wrappedKey: dataKeys.wrappedKey })
      .from(dataKeys)
      .orderBy(asc(dataKeys.createdAt), sql`rowid`)
      .all()
    return { mode: row.mode, wrappedPepper: row.wrappedPepper, dataKeys: keys }
  }

  return {
    readInstance: () => read(current),

    createInstance: ({ at, mode, wrappedPepper, dataKeys: keys }) =>
      write(() => {
        const there = current()
        if (there) return there
        db.insert(instance).values({ id: only, mode, wrappedPepper, createdAt: at }).run()
        for (const key of keys) {
          db.insert(dataKeys)
            .values({ ...key, createdAt: at })
            .run()
        }
        return { mode, wrappedPepper, dataKeys: keys }
      }),

    replaceMode: (from, to) =>
      write(() => {
        db.update(instance).set({ mode: to }).where(eq(instance.mode, from)).run()
      }),

    listDataKeys: () =>
      read(() => {
        const server = db.select({ id: instance.serverId }).from(instance).get()?.id ?? null
        return db
          .select({ id: dataKeys.id, wrappedKey: dataKeys.wrappedKey, seenAt: dataKeys.seenAt })
          .from(dataKeys)
          .orderBy(asc(dataKeys.createdAt), sql`rowid`)
          .all()
          .map(({ seenAt, ...key }) => ({
            ...key,
            seenBy: seenAt === null || server === null ? [] : [server],
          }))
      }),

    addDataKey: (key, at) =>
      write(() => {
        db.insert(dataKeys)
          .values({ ...key, createdAt: at })
          .run()
      }),

    markDataKeySeen: (id, _by, at) =>
      write(() => {
        db.update(dataKeys)
          .set({ seenAt: at })
          .where(and(eq(dataKeys.id, id), isNull(dataKeys.seenAt)))
          .run()
      }),

    rewrap: ({ pepper: { from, to }, dataKeys: keys }, by) =>
      write(() => {
        if (!current()?.wrappedPepper.equals(from)) return false
        db.update(instance).set({ wrappedPepper: to }).where(eq(instance.id, only)).run()
        for (const { id, wrappedKey } of keys) {
          db.update(dataKeys).set({ wrappedKey }).where(eq(dataKeys.id, id)).run()
        }
        writeAudit(db, { ...by, subject: 'instance' })
        return true
      }),

    ownKeys: ({ from, to }, own, by) =>
      write(() => {
        if (!current()?.wrappedPepper.equals(from)) return
        const keys = db.select().from(apiKeys).all()
        for (const key of keys) {
          const { apiKey, secretHash, previousSecretHash: previous } = key
          db.update(apiKeys)
            .set({
              secretHash: own(key, secretHash),
              previousSecretHash: previous && own(key, previous),
            })
            .where(eq(apiKeys.apiKey, apiKey))
            .run()
        }
        db.update(instance).set({ wrappedPepper: to }).where(eq(instance.id, only)).run()
        const detail = { keys: keys.length }
        writeAudit(db, { ...by, action: 'keys.owned', subject: 'instance', detail })
      }),

    async dropUnusedDataKeys(followedBefore, by) {
      // The long look takes no lock. What commands may have written since is in the short tables, and looked at again.
      const candidates = await read(() => {
        const keys = db
          .select({ id: dataKeys.id, createdAt: dataKeys.createdAt })
          .from(dataKeys)
          .orderBy(asc(dataKeys.createdAt), sql`rowid`)
          .all()
        return followed(keys, followedBefore).filter(({ id }) => !isSealedWith(db, id))
      })
      return write(() => {
        const short = ['webhook-secret', 'previous-webhook-secret'] as const
        const unused = candidates.filter(({ id }) => !isSealedWith(db, id, short))
        for (const { id } of unused) {
          db.delete(dataKeys).where(eq(dataKeys.id, id)).run()
          writeAudit(db, { ...by, action: 'keys.dropped', subject: id })
        }
        return unused.map(({ id }) => id)
      })
    },

    saveBridgeStatus: ({ at, status }) =>
      write(() => {
        db.update(instance).set({ bridgeStatus: status, bridgeStatusAt: at }).run()
      }),

    readBridgeStatus: () =>
      read(() => {
        const row = db
          .select({ status: instance.bridgeStatus, at: instance.bridgeStatusAt })
          .from(instance)
          .get()
        return row?.status && row.at !== null ? { status: row.status, at: row.at } : undefined
      }),

    clockJumped: (byMs, at) => write(() => moveTimes(db, byMs, at)),

    readServer: () => Promise.resolve(undefined),
  }
}
