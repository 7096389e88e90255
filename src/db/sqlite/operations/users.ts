import { and, eq, gt, isNotNull, isNull, lt, or, asc, inArray } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import { given, when } from '../../conditions.ts'
import type { UserStore } from '../../ports/users.ts'
import { chosenUser, defaultUser, takenOver } from '../../rules/name-choice.ts'
import { AmbiguousNameError, ConflictError } from '../../store-errors.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import { prepared, isTaken, type Tools } from '../tools.ts'
import { isUnheard } from './items.ts'
import { isServed, inScopeGiven } from './sites.ts'

const owned = (db: Tools['db']) =>
  db
    .select({ user: bridgeUsers, site: sites })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

/** The same with the names of their tenants. */
export const people = (db: Tools['db']) =>
  db
    .select({ user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

const nameOrUuid = given('nameOrUuid')

const isCalled = or(eq(bridgeUsers.name, nameOrUuid), eq(bridgeUsers.userUuid, nameOrUuid))

const named = prepared((db) => owned(db).where(and(inScopeGiven, isCalled)).limit(2).prepare())

const isLike = eq(bridgeUsers.foldedName, given('folded'))

const alike = prepared((db) => owned(db).where(and(inScopeGiven, isLike)).limit(2).prepare())

const some = prepared((db) => owned(db).where(inScopeGiven).limit(2).prepare())

const withUuid = prepared((db) =>
  owned(db)
    .where(and(eq(bridgeUsers.userUuid, given('userUuid')), isNull(sites.removedAt)))
    .prepare(),
)

export function userOperations({ db, read, write }: Tools): UserStore {
  return {
    listUnheard: (before, { after, limit }) =>
      read(() => {
        const silent = db
          .select({ id: items.userId })
          .from(items)
          .where(and(isNull(items.goneAt), isUnheard(before)))
        return people(db)
          .where(
            and(
              inArray(bridgeUsers.id, silent),
              gt(bridgeUsers.id, after),
              isNotNull(bridgeUsers.userUuid),
              isServed,
            ),
          )
          .orderBy(asc(bridgeUsers.id))
          .limit(limit)
          .all()
      }),

    findUsers: (scope, nameOrUuid) =>
      read(() => {
        if (nameOrUuid === undefined) return some(db).all({ ...scope })
        const exact = named(db).all({ ...scope, nameOrUuid })
        if (exact.length > 0 || nameOrUuid === defaultUser) return exact
        return alike(db).all({ ...scope, folded: foldName(nameOrUuid) })
      }),

    ensureUser: ({ id, siteId, name, at }) =>
      write(() => {
        const ofSite = eq(bridgeUsers.siteId, siteId)
        const foldedName = foldName(name)
        const heir = takenOver(name, db.select().from(bridgeUsers).where(ofSite).limit(2).all())
        if (heir) {
          const change = { name, foldedName }
          db.update(bridgeUsers).set(change).where(eq(bridgeUsers.id, heir.id)).run()
          return { ...heir, ...change }
        }
        const isSo = or(eq(bridgeUsers.name, name), eq(bridgeUsers.foldedName, foldedName))
        const called = db.select().from(bridgeUsers).where(and(ofSite, isSo)).all()
        const choice = chosenUser(name, called)
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('user')
        if (choice.kind === 'one') return choice.row
        const fresh = { id, siteId, name, foldedName, createdAt: at }
        return db.insert(bridgeUsers).values(fresh).returning().get()
      }),

    readUser: (userId) =>
      read(() =>
        db
          .select({ userUuid: bridgeUsers.userUuid, email: bridgeUsers.email })
          .from(bridgeUsers)
          .where(eq(bridgeUsers.id, userId))
          .get(),
      ),

    setUserUuid: (userId, userUuid) =>
      write(() => {
        try {
          const set = db.update(bridgeUsers).set({ userUuid }).where(eq(bridgeUsers.id, userId))
          return set.run().changes === 1
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

    claimAdoptionRead: (userId, at, notSince) =>
      write(() => {
        const isFree = when(notSince, (time) =>
          or(isNull(bridgeUsers.itemsReadAt), lt(bridgeUsers.itemsReadAt, time)),
        )
        const claim = db.update(bridgeUsers).set({ itemsReadAt: at })
        return claim.where(and(eq(bridgeUsers.id, userId), isFree)).run().changes === 1
      }),
  }
}
