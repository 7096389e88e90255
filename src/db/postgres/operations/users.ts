import { and, asc, eq, gt, inArray, isNotNull, isNull, lt, or, sql } from 'drizzle-orm'
import { foldName } from '../../../names.ts'
import { given, when } from '../../conditions.ts'
import type { UserStore } from '../../ports/users.ts'
import { chosenUser, defaultUser, takenOver } from '../../rules/name-choice.ts'
import { AmbiguousNameError, ConflictError } from '../../store-errors.ts'
import { inBatches } from '../batches.ts'
import { isTaken } from '../errors.ts'
import { bridgeUsers, items, sites, tenants } from '../schema/index.ts'
import { changed, first, prepared, type Db, type Tools } from '../tools.ts'
import { lockSite } from './locks.ts'
import { isUnheard } from './items.ts'
import { inScope, isServed } from './sites.ts'

const owned = (db: Db) =>
  db
    .select({ user: bridgeUsers, site: sites })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))

/** The same with the names of their tenants. */
export const people = (db: Db) =>
  db
    .select({ user: bridgeUsers, site: sites, tenant: tenants.name })
    .from(bridgeUsers)
    .innerJoin(sites, eq(sites.id, bridgeUsers.siteId))
    .innerJoin(tenants, eq(tenants.id, sites.tenantId))

const ownersOf = prepared((db) =>
  owned(db).where(
    and(sql`${bridgeUsers.userUuid} = ANY(${given('userUuids')}::text[])`, isNull(sites.removedAt)),
  ),
)

const userWith = (id: string) => eq(bridgeUsers.id, id)

export function userOperations({ run, transaction }: Tools): UserStore {
  return {
    listUnheard: (before, { after, limit }) =>
      run((db) => {
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
      }),

    findUsers: (scope, nameOrUuid) =>
      run(async (db) => {
        const within = inScope(scope)
        if (nameOrUuid === undefined) return owned(db).where(within).limit(2)
        const isCalled = or(eq(bridgeUsers.name, nameOrUuid), eq(bridgeUsers.userUuid, nameOrUuid))
        const exact = await owned(db).where(and(within, isCalled)).limit(2)
        if (exact.length > 0 || nameOrUuid === defaultUser) return exact
        const isLike = eq(bridgeUsers.foldedName, foldName(nameOrUuid))
        return owned(db).where(and(within, isLike)).limit(2)
      }),

    ensureUser: ({ id, siteId, name, at }) =>
      transaction(async (db) => {
        await lockSite(db, siteId)
        const ofSite = eq(bridgeUsers.siteId, siteId)
        const foldedName = foldName(name)
        const heir = takenOver(name, await db.select().from(bridgeUsers).where(ofSite).limit(2))
        if (heir) {
          const change = { name, foldedName }
          await db.update(bridgeUsers).set(change).where(userWith(heir.id))
          return { ...heir, ...change }
        }
        const isSo = or(eq(bridgeUsers.name, name), eq(bridgeUsers.foldedName, foldedName))
        const called = await db.select().from(bridgeUsers).where(and(ofSite, isSo))
        const choice = chosenUser(name, called)
        if (choice.kind === 'ambiguous') throw new AmbiguousNameError('user')
        if (choice.kind === 'one') return choice.row
        const fresh = { id, siteId, name, foldedName, createdAt: at }
        const [user] = await db.insert(bridgeUsers).values(fresh).returning()
        return user!
      }),

    readUser: (userId) =>
      run((db) => {
        const known = { userUuid: bridgeUsers.userUuid, email: bridgeUsers.email }
        return first(db.select(known).from(bridgeUsers).where(userWith(userId)))
      }),

    setUserUuid: (userId, userUuid) =>
      run(async (db) => {
        try {
          const set = db.update(bridgeUsers).set({ userUuid }).where(userWith(userId))
          return (await changed(set)) === 1
        } catch (error) {
          if (isTaken(error)) throw new ConflictError('This Bridge user belongs to another site')
          throw error
        }
      }),

    // Each webhook asks for one, and many come at the same moment.
    findUserByUuid: inBatches((userUuids) =>
      run(async (db) => {
        const owners = await ownersOf(db).execute({ userUuids })
        const known = new Map(owners.map((owner) => [owner.user.userUuid, owner]))
        return userUuids.map((userUuid) => {
          const owner = known.get(userUuid)
          return owner && { ...owner, tenantId: owner.site.tenantId }
        })
      }),
    ),

    claimAdoptionRead: (userId, at, notSince) =>
      run(async (db) => {
        const isFree = when(notSince, (time) =>
          or(isNull(bridgeUsers.itemsReadAt), lt(bridgeUsers.itemsReadAt, time)),
        )
        const claim = db.update(bridgeUsers).set({ itemsReadAt: at })
        return (await changed(claim.where(and(userWith(userId), isFree)))) === 1
      }),
  }
}
