import { and, eq, isNull, lt, or, sql } from 'drizzle-orm'
import { ConflictError, type UserStore } from '../../store.ts'
import { bridgeUsers, sites } from '../schema/index.ts'
import { isTaken, prepared, type Tools } from '../tools.ts'
import { inScopeGiven } from './tenants.ts'

const defaultUser = ''

const owned = (db: Tools['db']) =>
  db
    .select({ user: bridgeUsers, site: sites })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

const word = sql.placeholder('word')
const isCalled = or(eq(bridgeUsers.name, word), eq(bridgeUsers.userUuid, word))
const named = prepared((db) => owned(db).where(and(inScopeGiven, isCalled)).limit(2).prepare())
const some = prepared((db) => owned(db).where(inScopeGiven).limit(2).prepare())
const withUuid = prepared((db) =>
  owned(db)
    .where(and(eq(bridgeUsers.userUuid, sql.placeholder('userUuid')), isNull(sites.removedAt)))
    .prepare(),
)

export function userOperations({ db, read, write }: Tools): UserStore {
  return {
    findUsers: (scope, word) =>
      read(() =>
        word === undefined ? some(db).all({ ...scope }) : named(db).all({ ...scope, word }),
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
        const found = withUuid(db).get({ userUuid })
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
