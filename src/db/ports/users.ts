import type { Site } from './sites.ts'
import type { Scope } from '../scope.ts'

export interface BridgeUser {
  id: string
  siteId: string
  /** The site's own name for the user; empty for the default user. */
  name: string
  /** Null until Bridge answered. */
  userUuid: string | null
}

/** What a user is called outside: null for the default one. */
export const userNameOf = ({ name }: Pick<BridgeUser, 'name'>): string | null =>
  name === '' ? null : name

/** A Bridge user with the site it stands under. */
export interface SiteUser {
  user: BridgeUser
  site: Site
}

export interface UserStore {
  /**
   * Users known by exactly that name or Bridge uuid within the scope, else those whose name folds alike; without a word, all
   * of them. At most two: enough to know whether it is unambiguous.
   */
  findUsers(scope: Scope, word?: string): Promise<SiteUser[]>
  /**
   * The user of exactly that name, else the one whose name folds alike, made when missing. A first named user takes over a
   * lonely default one. @throws AmbiguousNameError
   */
  ensureUser(user: { id: string; siteId: string; name: string; at: number }): Promise<BridgeUser>
  /** What a user is at Bridge as it stands now, and the address a link call gave for it, sealed. */
  readUser(
    userId: string,
  ): Promise<(Pick<BridgeUser, 'userUuid'> & { email: Buffer | null }) | undefined>
  /** False when the user was deleted meanwhile. @throws ConflictError when the uuid belongs to another row */
  setUserUuid(userId: string, userUuid: string): Promise<boolean>
  /** Not tenant-scoped: learns from a webhook's `user_uuid` whose it is. */
  findUserByUuid(userUuid: string): Promise<(SiteUser & { tenantId: string }) | undefined>
  /**
   * True at most once per user since `notSince`: the caller may then read the item list from Bridge for an item that we do
   * not hold. Without it whenever that was, as when the list could not be read.
   */
  claimAdoptionRead(userId: string, at: number, notSince?: number): Promise<boolean>
  /** Bridge users, by id, with an item that nobody heard of since `before` and that we did not ask for since then either. */
  listUnheard(before: number, page: { after: string; limit: number }): Promise<SiteUser[]>
}
