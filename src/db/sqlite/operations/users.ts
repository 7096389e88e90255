import { and, eq, isNull, lt, or } from 'drizzle-orm'
import { ConflictError, type UserStore } from '../../store.ts'
import { bridgeUsers, sites } from '../schema/index.ts'
import { isTaken, type Tools } from '../tools.ts'
import { inScope } from './tenants.ts'

const defaultUser = ''

export function userOperations({ db, read, write }: Tools): UserStore {
  return {
    findUsers: (scope, word) =>
      read(() =>
        db
          .select({ user: bridgeUsers, site: sites })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(
            and(
              inScope(scope),
              word === undefined
                ? undefined
                : or(eq(bridgeUsers.name, word), eq(bridgeUsers.userUuid, word)),
            ),
          )
          .limit(2)
          .all(),
      ),

    ensureUser: ({ id, siteId, name, at }) =>
      write(() => {
        const known = db
          .select()
          .from(bridgeUsers)
          .where(eq(bridgeUsers.siteId, siteId))
          .limit(2)
          .all()
        const lonely = known.length === 1 ? known[0] : undefined
        if (lonely?.name === defaultUser && name !== defaultUser) {
          db.update(bridgeUsers).set({ name }).where(eq(bridgeUsers.id, lonely.id)).run()
          return { ...lonely, name }
        }
        const there = db
          .select()
          .from(bridgeUsers)
          .where(and(eq(bridgeUsers.siteId, siteId), eq(bridgeUsers.name, name)))
          .get()
        return (
          there ??
          db.insert(bridgeUsers).values({ id, siteId, name, createdAt: at }).returning().get()
        )
      }),

    setUserUuid: (userId, userUuid) =>
      write(() => {
        try {
          db.update(bridgeUsers).set({ userUuid }).where(eq(bridgeUsers.id, userId)).run()
        } catch (error) {
          if (isTaken(error)) throw new ConflictError('This Bridge user belongs to another site')
          throw error
        }
      }),

    findUserByUuid: (userUuid) =>
      read(() => {
        const found = db
          .select({ user: bridgeUsers, site: sites })
          .from(bridgeUsers)
          .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
          .where(and(eq(bridgeUsers.userUuid, userUuid), isNull(sites.removedAt)))
          .get()
        return found && { ...found, tenantId: found.site.tenantId }
      }),

    claimItemsRead: (userId, at, notSince) =>
      write(
        () =>
          db
            .update(bridgeUsers)
            .set({ itemsReadAt: at })
            .where(
              and(
                eq(bridgeUsers.id, userId),
                or(isNull(bridgeUsers.itemsReadAt), lt(bridgeUsers.itemsReadAt, notSince)),
              ),
            )
            .run().changes === 1,
      ),

    releaseItemsRead: (userId) =>
      write(() => {
        db.update(bridgeUsers).set({ itemsReadAt: null }).where(eq(bridgeUsers.id, userId)).run()
      }),
  }
}
