import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { createUuid, type Box } from '../box.ts'
import { firstPhase } from '../connect.ts'
import { badParameter, notFound } from '../problem.ts'
import { getUser, jsonBody } from '../guard.ts'
import { findProvider } from '../providers.ts'
import { dayMs, minuteMs } from '../../durations.ts'
import type { Item, Session, User } from '../state.ts'

const countries =
  'FR ES IT PT DE BE NL LU PL HU IE MT CZ NO BG SE DK AT SK FI GB GR EE IS CY HR LV RO'.split(' ')

const shared = {
  account_types: z.enum(['payment', 'all']).optional(),
  allow_account_selection: z.boolean().optional(),
  max_selectable_accounts: z.int().positive().optional(),
  callback_url: z.url({ protocol: /^https?$/ }).optional(),
  context: z.string().optional(),
}
/** Bridge, "Create connect session": fields and their rules. What is not named here is ignored. */
const body = z.object({
  ...shared,
  user_email: z.email().optional(),
  country_code: z.enum(countries).optional(),
  capabilities: z.array(z.string()).optional(),
  provider_id: z.int().optional(),
  item_id: z.int().optional(),
  force_reauthentication: z.boolean().optional(),
})
type Body = z.output<typeof body>

/** Connect sessions of all three kinds, and user management sessions, which open the same page. */
export function connectSessions(app: FastifyInstance, box: Box): void {
  app.post('/v3/aggregation/connect-sessions', async (request, reply) => {
    const sent = read(box, request)
    const item = findItem(box, getUser(request), sent)
    if (item === undefined) checkNew(sent)
    return reply.code(201).send(open(box, getUser(request), sent, item))
  })

  app.post('/v3/aggregation/user-management-sessions', async (request, reply) => {
    const sent = read(box, request)
    checkNew(sent)
    return reply.code(201).send(open(box, getUser(request), sent, undefined))
  })
}

function read(box: Box, request: FastifyRequest): Body {
  const sent = body.safeParse(jsonBody(request))
  if (!sent.success) {
    const property = String(sent.error.issues[0]?.path[0] ?? 'body')
    throw badParameter(property, `${property} is invalid`)
  }
  const { context, callback_url: callback } = sent.data
  const { contextChecked, callbackHosts } = box.switches
  if (contextChecked && !/^[A-Za-z0-9-]{0,100}$/.test(context ?? '')) {
    throw badParameter('context', 'context has at most 100 letters, digits and hyphens')
  }
  if (callback !== undefined && callbackHosts.length > 0) {
    if (!callbackHosts.includes(new URL(callback).hostname)) {
      throw badParameter('callback_url', 'The domain of callback_url is not authorised')
    }
  }
  return sent.data
}

function findItem(box: Box, user: User, sent: Body): Item | undefined {
  if (sent.item_id === undefined) {
    if (sent.force_reauthentication === undefined) return undefined
    throw badParameter('force_reauthentication', 'force_reauthentication needs item_id')
  }
  if (sent.provider_id !== undefined) {
    throw badParameter('provider_id', 'provider_id and item_id exclude each other')
  }
  const item = box.state.items.get(sent.item_id)
  if (item?.userUuid !== user.uuid) throw notFound()
  return item
}

function checkNew(sent: Body): void {
  if (sent.user_email === undefined) throw badParameter('user_email', 'user_email is mandatory')
  if (sent.provider_id === undefined) return
  if (findProvider(sent.provider_id)?.capabilities.includes('aggregation') !== true) {
    throw badParameter('provider_id', 'This provider does not support aggregation')
  }
}

function open(
  box: Box,
  user: User,
  sent: Body,
  item: Item | undefined,
): { id: string; url: string } {
  const { clock, ids, state, switches } = box
  const now = clock.now()
  for (const old of state.sessions.values()) {
    if (old.expiresAt + dayMs < now) state.sessions.delete(old.token)
  }
  const session: Session = {
    id: createUuid(ids),
    token: createUuid(ids),
    userUuid: user.uuid,
    expiresAt: now + switches.sessionMinutes * minuteMs,
    phase: sent.provider_id === undefined ? 'bank' : 'credentials',
    manages: item !== undefined,
    providerId: sent.provider_id ?? item?.providerId,
    itemId: item?.id,
    accountTypes: sent.account_types,
    callbackUrl: sent.callback_url,
    context: sent.context,
  }
  if (item !== undefined) session.phase = firstPhase(item, sent.force_reauthentication === true)
  state.sessions.set(session.token, session)
  box.changed()
  return { id: session.id, url: `${box.origin()}/session/${session.token}` }
}
