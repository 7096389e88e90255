import { and, eq, gt, isNotNull, lte } from 'drizzle-orm'
import { leastJumpMs } from '../../../clock.ts'
import type { MemberStore } from '../../ports/members.ts'
import { instance } from '../schema/index.ts'
import type { Tools } from '../tools.ts'
import { releaseOrphanedClaims } from './clock.ts'
import { only } from './instance.ts'

export function memberOperations({ db, read, write }: Tools): MemberStore {
  return {
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

    probeWrite: (at) =>
      write(() => {
        db.update(instance).set({ probedAt: at }).run()
      }),

    readServer: () =>
      read(() => {
        const row = db.select().from(instance).get()
        if (!row?.serverId || row.serverHost === null || row.serverPid === null) return undefined
        const { serverId, serverHost: host, serverPid: pid, serverSeenAt } = row
        return { serverId, host, pid, seenAt: serverSeenAt ?? 0 }
      }),
  }
}
