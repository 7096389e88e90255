import { connectItem, createItem, failItem } from './items.ts'
import { demoBank, scenarioOf, stepOf } from './demo-bank.ts'
import { isSameName } from '../names.ts'
import { Problem } from './problem.ts'
import { findProvider, providers } from './providers.ts'
import type { Box } from './box.ts'
import type { Item, Session } from './state.ts'

/** A session that still serves. Throws 404 when unknown, 410 when over. */
export function getSession(box: Box, token: string): Session {
  const session = box.state.sessions.get(token)
  if (session === undefined) throw new Problem(404, 'not_found', 'This session does not exist')
  const orphan = session.itemId !== undefined && !box.state.items.has(session.itemId)
  if (session.expiresAt <= box.clock.now() || session.phase === 'ended' || orphan) {
    throw new Problem(410, 'gone', 'This session is over')
  }
  return session
}

/** The item of a session, once there is one and while it is not deleted. */
export const itemOf = (box: Box, session: Session): Item | undefined =>
  session.itemId === undefined ? undefined : box.state.items.get(session.itemId)

/** Where a session that manages an item starts: straight at what the item needs. */
export function firstPhase(item: Item, force: boolean): Session['phase'] {
  if (item.status === 402) return 'credentials'
  return force || item.status === 1010 ? 'code' : 'confirm'
}

/** Goes on to the credentials with Demo Bank; any other bank is refused with a notice. */
export function chooseBank(box: Box, session: Session, providerId: number): void {
  if (session.phase !== 'bank') return
  if (providerId !== demoBank) {
    // In a sandbox application only Demo Bank connects (Bridge, "Test the Bridge Connect").
    session.notice = findProvider(providerId) === undefined ? undefined : 'unconnectable'
  } else {
    session.providerId = providerId
    session.phase = 'credentials'
    delete session.notice
  }
  box.changed()
}

/** Chooses the bank that is called so, or has that id; one that nobody invented is left to choose on the page. */
export function nameBank(box: Box, session: Session, word: string): void {
  const bank = providers.find(({ id, name }) => String(id) === word || isSameName(name, word))
  if (bank !== undefined) chooseBank(box, session, bank.id)
}

/** The login decides what happens; any password is right. */
export function giveCredentials(box: Box, session: Session, login: string): void {
  if (session.phase !== 'credentials') return
  const item =
    itemOf(box, session) ??
    createItem(box, {
      userUuid: session.userUuid,
      providerId: session.providerId ?? demoBank,
      accountTypes: session.accountTypes ?? 'payment',
    })
  session.itemId = item.id
  const [first = '', ...upcoming] = scenarioOf(login)
  item.upcoming = upcoming
  if (item.status !== -2) item.status = -3
  meet(box, session, item, first)
}

/** What one element of the scenario does while a person is there. */
function meet(box: Box, session: Session, item: Item, element: string): void {
  const step = stepOf(element)
  delete session.notice
  box.changed()
  switch (step.kind) {
    case 'success':
      succeed(box, session, item)
      return
    case 'otp':
    case 'otp_fail':
      session.challenge = element
      session.phase = 'code'
      return
    case 'app2app':
    case 'app2app_expiry':
      session.challenge = element
      session.phase = 'wait'
      return
    case 'status':
      failItem(box, item, step, 'connect')
      if (step.status === 402) session.notice = 'wrongCredentials'
      else session.phase = 'failed'
  }
}

/** Any code is right, unless the login was `otp_fail`. */
export function giveCode(box: Box, session: Session, code: string): void {
  const item = itemOf(box, session)
  if (session.phase !== 'code' || item === undefined || code.trim() === '') return
  if (session.challenge === 'otp_fail') {
    failItem(box, item, { status: 1010, info: 'wrong_otp' }, 'connect')
    session.notice = 'wrongCode'
  } else succeed(box, session, item)
}

/** The bank's application answered, or let the time run out. */
export function endWait(box: Box, session: Session): void {
  const item = itemOf(box, session)
  if (session.phase !== 'wait' || item === undefined) return
  if (session.challenge === 'app2app_expiry') {
    failItem(box, item, { status: 1010, info: 'otp_required' }, 'connect')
    session.notice = 'expired'
    session.phase = 'failed'
  } else succeed(box, session, item)
}

/** Nothing was missing, or the person did at the bank what it asked for. */
export function confirm(box: Box, session: Session): void {
  const item = itemOf(box, session)
  if (session.phase === 'confirm' && item !== undefined) succeed(box, session, item)
}

/** Back to the credentials after a failure. */
export function retry(box: Box, session: Session): void {
  if (session.phase !== 'failed') return
  session.phase = 'credentials'
  delete session.notice
  box.changed()
}

function succeed(box: Box, session: Session, item: Item): void {
  connectItem(box, item, session.accountTypes)
  session.phase = 'success'
  delete session.notice
  box.changed()
}

const screens: Record<Session['phase'], string> = {
  bank: 'highlighted_banks',
  credentials: 'bank_creds_form',
  code: 'otp_form',
  wait: 'sync_in_progress',
  confirm: 'sync_pending',
  failed: 'sync_error',
  success: 'sync_success',
  ended: 'sync_success',
}

/** Bridge, "End of the Connect flow": the screen a person left from. */
function stepName({ phase, manages, challenge }: Session): string {
  if (phase === 'credentials' && manages) return 'edit_bank_creds_form'
  if (phase === 'failed' && challenge !== undefined) return 'otp_form'
  return screens[phase]
}

export interface End {
  success: boolean
  step: string
  /** Where the browser goes, when the session has a callback. */
  callback: string | undefined
}

/** Ends the visit where it stands: on success the session is over, else its link still works. */
export function leave(box: Box, session: Session): End {
  const item = itemOf(box, session)
  const success = session.phase === 'success'
  const step = stepName(session)
  const end = { success, step, callback: callbackOf(box, session, { success, step }) }
  if (success) endSession(box, session)
  else if (item !== undefined && item.status < 0) {
    // A question left open: the bank's side gives up.
    failItem(box, item, { status: 1010, info: 'otp_required' }, 'connect')
  }
  box.changed()
  return end
}

function endSession(box: Box, session: Session): void {
  if (box.switches.sessionCompletions === 'once') session.phase = 'ended'
  else if (session.manages) session.phase = 'confirm'
  else {
    session.phase = 'bank'
    delete session.itemId
  }
}

/**
 * Where the browser goes (Bridge, "End of the Connect flow"): the callback's own query, then
 * `item_id`, `user_uuid`, `success`, `step` on failure, `source` and `context`. Undefined without one.
 */
function callbackOf(
  box: Box,
  session: Session,
  end: { success: boolean; step: string },
): string | undefined {
  if (session.callbackUrl === undefined) return undefined
  const url = new URL(session.callbackUrl)
  const { callbackQueryKept, callbackSource } = box.switches
  const added = new URLSearchParams()
  if (session.itemId !== undefined) added.set('item_id', String(session.itemId))
  added.set('user_uuid', session.userUuid)
  added.set('success', String(end.success))
  if (!end.success) added.set('step', end.step)
  if (callbackSource) added.set('source', 'connect')
  if (session.context !== undefined) added.set('context', session.context)
  // Written as text: setting parameters would spell the callback's own query anew.
  const own = callbackQueryKept && url.search.length > 1 ? `${url.search.slice(1)}&` : ''
  url.search = `?${own}${added.toString()}`
  return url.href
}

interface Answers {
  providerId?: number | undefined
  login?: string | undefined
  code?: string | undefined
}

/** Plays the whole page in one go, as a browser whose person gives these answers would. */
export function playThrough(box: Box, session: Session, answers: Answers): End {
  if (session.phase === 'success') throw new Problem(410, 'gone', 'This session is over')
  if (answers.login !== undefined && session.phase !== 'bank') session.phase = 'credentials'
  delete session.challenge
  retry(box, session)
  chooseBank(box, session, answers.providerId ?? demoBank)
  giveCredentials(box, session, answers.login ?? 'success')
  giveCode(box, session, answers.code ?? '000000')
  endWait(box, session)
  confirm(box, session)
  return leave(box, session)
}
