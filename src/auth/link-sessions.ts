import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Ids } from '../clock.ts'
import type { Session, SessionHolder, SessionStore } from '../db/ports/sessions.ts'
import type { By } from '../db/scope.ts'
import type { Keyring } from '../vault/keyring.ts'

interface Deps {
  store: SessionStore
  keyring: Pick<Keyring, 'hash'>
}

export interface OfferDeps extends Deps {
  ids: Ids
}

/** An address that was made: its token is its last part. */
export interface Offer {
  id: string
  token: string
  expiresAt: number
}

/** What a visitor is let in to. */
type SessionOwner = Pick<Session, 'who' | 'tenantId' | 'siteId' | 'apiKey'>

/** Who looks, and what that is written down under. */
interface Visiting {
  sessionId: string
  actor: string
}

interface Kind<Visitor extends Visiting> {
  /** Begins the ids of its sessions. */
  prefix: string
  /** What the secrets are hashed for, of addresses and of sessions. */
  uses: { offer: string; session: string }
  /** What a secret is bound to besides its row: on another it is good for nothing. */
  boundTo(whose: SessionOwner): (string | null)[]
  /** How long an address is good. */
  offeredMs: number
  /** How long the session of who entered by it is. */
  sessionMs: number
  /** Who comes with the right secret in time; nobody when something else ended the session. */
  toVisitor(holder: SessionHolder, now: number): Visitor | undefined
}

/** A way in by an address that works once, and from then on by a cookie. */
export interface LinkSessions<Visitor extends Visiting> {
  sessionMs: number
  /** Makes an address's secret, which is stored nowhere and cannot be shown again. */
  offer(deps: OfferDeps, whose: SessionOwner, by: By): Promise<Offer>
  /** Whom an address lets in, while it is good. Changes nothing. */
  findOffer(deps: Deps, token: string, now: number): Promise<Visitor | undefined>
  /** Makes a session of an address, once. Resolves with the token for the cookie. */
  enter(deps: Deps, token: string, now: number): Promise<string | undefined>
  /** Who holds a cookie, while its session is good and so is all that it stands and falls with. */
  findVisitor(deps: Deps, token: string, now: number): Promise<Visitor | undefined>
}

/** Whose an unknown session is: so that hashing it takes as long. */
const nobodys: SessionOwner = { who: '', tenantId: '', siteId: null, apiKey: null }

const newSecret = (): string => randomBytes(32).toString('base64url')

/** Hashes are kept, so no use is ever renamed and nothing bound moves. */
export function createLinkSessions<Visitor extends Visiting>({
  prefix,
  uses,
  boundTo,
  offeredMs,
  sessionMs,
  toVisitor,
}: Kind<Visitor>): LinkSessions<Visitor> {
  const tokens = new RegExp(String.raw`^(${prefix}_\w{1,30})\.([\w-]{43})$`)

  const hashOf = (
    { keyring }: Deps,
    use: string,
    of: SessionOwner & { id: string },
    secret: string,
  ) => keyring.hash(use, JSON.stringify([of.id, ...boundTo(of), secret]))

  async function findBy(deps: Deps, use: string, token: string, now: number) {
    const [, id, secret] = tokens.exec(token) ?? []
    if (id === undefined || secret === undefined) return undefined
    const holder = await deps.store.findSession(id)
    const given = hashOf(deps, use, holder?.session ?? { id, ...nobodys }, secret)
    const isIt = timingSafeEqual(given, holder?.session.secretHash ?? Buffer.alloc(given.length))
    if (!holder || !isIt || holder.session.expiresAt <= now) return undefined
    const visitor = toVisitor(holder, now)
    return visitor && { session: holder.session, visitor }
  }

  async function findOffer(deps: Deps, token: string, now: number) {
    const found = await findBy(deps, uses.offer, token, now)
    return found?.session.enteredAt === null ? found : undefined
  }

  return {
    sessionMs,

    async offer(deps, whose, by) {
      const [id, secret, expiresAt] = [deps.ids.next(prefix), newSecret(), by.at + offeredMs]
      const secretHash = hashOf(deps, uses.offer, { id, ...whose }, secret)
      await deps.store.offerSession({ id, ...whose, secretHash, madeAt: by.at, expiresAt }, by)
      return { id, token: `${id}.${secret}`, expiresAt }
    },

    findOffer: async (deps, token, now) => (await findOffer(deps, token, now))?.visitor,

    async enter(deps, token, now) {
      const offer = await findOffer(deps, token, now)
      if (!offer) return undefined
      const { id, secretHash: offeredHash } = offer.session
      const secret = newSecret()
      const secretHash = hashOf(deps, uses.session, offer.session, secret)
      const session = { offeredHash, secretHash, expiresAt: now + sessionMs }
      const by = { actor: offer.visitor.actor, at: now }
      return (await deps.store.enterSession(id, session, by)) ? `${id}.${secret}` : undefined
    },

    async findVisitor(deps, token, now) {
      const found = await findBy(deps, uses.session, token, now)
      return found && found.session.enteredAt !== null ? found.visitor : undefined
    },
  }
}
