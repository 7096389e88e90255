import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Ids } from '../clock.ts'
import type { Session, SessionStore } from '../db/ports/sessions.ts'
import type { By } from '../db/scope.ts'
import { hourMs, minuteMs } from '../durations.ts'
import type { Keyring } from '../vault/keyring.ts'

interface Deps {
  store: SessionStore
  keyring: Pick<Keyring, 'hash'>
}

/** Who looks at the console. */
export interface Visitor {
  sessionId: string
  who: string
  expiresAt: number
}

const offeredForMs = 5 * minuteMs
export const sessionMs = 12 * hourMs

/** Makes an address's secret, which is stored nowhere and cannot be shown again. */
export async function offerLogin(
  { store, keyring, ids }: Deps & { ids: Ids },
  who: string,
  by: By,
): Promise<{ id: string; token: string; expiresAt: number }> {
  const [id, secret, expiresAt] = [ids.next('ses'), newSecret(), by.at + offeredForMs]
  const secretHash = hashOf(keyring, 'console-offer', { id, who }, secret)
  const ofNoSite = { tenantId: null, siteId: null, apiKey: null }
  await store.offerSession({ id, who, ...ofNoSite, secretHash, madeAt: by.at, expiresAt }, by)
  return { id, token: `${id}.${secret}`, expiresAt }
}

/** Whom an address lets in, while it is good. Changes nothing. */
export async function findOffer(
  deps: Deps,
  token: string,
  now: number,
): Promise<Visitor | undefined> {
  const found = await findBy(deps, 'console-offer', token, now)
  return found?.enteredAt === null ? toVisitor(found) : undefined
}

/** Makes a session of an address, once. The token is for the cookie alone. */
export async function enter(
  deps: Deps,
  token: string,
  now: number,
): Promise<{ visitor: Visitor; token: string } | undefined> {
  const offer = await findBy(deps, 'console-offer', token, now)
  if (!offer || offer.enteredAt !== null) return undefined
  const [secret, expiresAt] = [newSecret(), now + sessionMs]
  const session = {
    offeredHash: offer.secretHash,
    secretHash: hashOf(deps.keyring, 'console-session', offer, secret),
    expiresAt,
  }
  const by = { actor: `console:${offer.who}`, at: now }
  if (!(await deps.store.enterSession(offer.id, session, by))) return undefined
  return { visitor: toVisitor({ ...offer, expiresAt }), token: `${offer.id}.${secret}` }
}

/** Who holds a cookie, while its session is good. */
export async function findVisitor(
  deps: Deps,
  token: string,
  now: number,
): Promise<Visitor | undefined> {
  const found = await findBy(deps, 'console-session', token, now)
  return found && found.enteredAt !== null ? toVisitor(found) : undefined
}

/** A session that has a name to it. */
type ConsoleSession = Session & { who: string }

type Use = 'console-offer' | 'console-session'

const newSecret = (): string => randomBytes(32).toString('base64url')

/** Bound to its row: on another it is good for nothing. */
const hashOf = (
  keyring: Deps['keyring'],
  use: Use,
  { id, who }: Pick<ConsoleSession, 'id' | 'who'>,
  secret: string,
): Buffer => keyring.hash(use, JSON.stringify([id, who, secret]))

async function findBy(
  { store, keyring }: Deps,
  use: Use,
  token: string,
  now: number,
): Promise<ConsoleSession | undefined> {
  const [, id, secret] = /^(ses_\w{1,30})\.([\w-]{43})$/.exec(token) ?? []
  if (id === undefined || secret === undefined) return undefined
  const row = (await store.findSession(id))?.session
  const given = hashOf(keyring, use, { id, who: row?.who ?? '' }, secret)
  const isIt = timingSafeEqual(given, row?.secretHash ?? Buffer.alloc(given.length))
  const isGood = row !== undefined && isIt && row.expiresAt > now
  return isGood && row.who !== null ? { ...row, who: row.who } : undefined
}

const toVisitor = ({ id, who, expiresAt }: ConsoleSession): Visitor => ({
  sessionId: id,
  who,
  expiresAt,
})
