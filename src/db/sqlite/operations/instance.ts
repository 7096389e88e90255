import { and, asc, eq, gt, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import { leastJumpMs } from '../../../clock.ts'
import type { InstanceStore } from '../../store.ts'
import { apiKeys, dataKeys, instance } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { writeAudit } from './audit.ts'
import { releaseOrphanedClaims } from './clock.ts'
import { isSealedWith } from './sealed.ts'

const only = 1

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

    claimServer: (life, { at, staleBefore }) =>
      write(() => {
        const row = db.select().from(instance).where(eq(instance.id, only)).get()
        if (row?.serverId && row.serverHost !== null && row.serverPid !== null) {
          const seenAt = row.serverSeenAt ?? 0
          if (seenAt > staleBefore && row.serverId !== life.serverId) {
            return { serverId: row.serverId, host: row.serverHost, pid: row.serverPid, seenAt }
          }
        }
        if (row && row.serverId !== life.serverId) releaseOrphanedClaims(db, row.serverSeenAt, at)
        db.update(instance)
          .set({
            serverId: life.serverId,
            serverHost: life.host,
            serverPid: life.pid,
            serverSeenAt: at,
          })
          .run()
        return undefined
      }),

    renewServer: (serverId, at) =>
      write(
        () =>
          db.update(instance).set({ serverSeenAt: at }).where(eq(instance.serverId, serverId)).run()
            .changes === 1,
      ),

    releaseServer: (serverId) =>
      write(() => {
        // When it was seen stays: the next one tells by it whether the clock was put back.
        db.update(instance)
          .set({ serverId: null, serverHost: null, serverPid: null })
          .where(eq(instance.serverId, serverId))
          .run()
      }),

    hasServerSince: (at, now) =>
      read(
        () =>
          db
            .select({ id: instance.serverId })
            .from(instance)
            .where(
              and(
                isNotNull(instance.serverId),
                gt(instance.serverSeenAt, at),
                lte(instance.serverSeenAt, now + leastJumpMs),
              ),
            )
            .get() !== undefined,
      ),

    listDataKeys: () =>
      read(() =>
        db
          .select({ id: dataKeys.id, wrappedKey: dataKeys.wrappedKey, seenAt: dataKeys.seenAt })
          .from(dataKeys)
          .orderBy(asc(dataKeys.createdAt), sql`rowid`)
          .all(),
      ),

    addDataKey: (key, at) =>
      write(() => {
        db.insert(dataKeys)
          .values({ ...key, createdAt: at })
          .run()
      }),

    markDataKeySeen: (id, at) =>
      write(() => {
        db.update(dataKeys)
          .set({ seenAt: at })
          .where(and(eq(dataKeys.id, id), isNull(dataKeys.seenAt)))
          .run()
      }),

    rewrap: ({ wrappedPepper, dataKeys: keys }, by) =>
      write(() => {
        db.update(instance).set({ wrappedPepper }).where(eq(instance.id, only)).run()
        for (const { id, wrappedKey } of keys) {
          db.update(dataKeys).set({ wrappedKey }).where(eq(dataKeys.id, id)).run()
        }
        writeAudit(db, { ...by, action: 'keys.rewrapped', subject: 'instance' })
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

    async dropUnusedDataKeys(keep, by) {
      // The long look takes no lock. What commands may have written since is in the short tables, and looked at again.
      const candidates = await read(() => {
        const keys = current()?.dataKeys ?? []
        return keys.filter(({ id }) => id !== keep && !isSealedWith(db, id))
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
  }
}
