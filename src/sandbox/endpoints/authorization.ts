import { createHash } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createUuid, type Box } from '../box.ts'
import { badParameter, Problem } from '../problem.ts'
import { jsonBody } from '../guard.ts'
import { hourMs } from '../../durations.ts'
import { iso } from '../times.ts'
import { findByExternalId, toUser } from './users.ts'
import type { Token } from '../state.ts'

const body = z.object({ user_uuid: z.string().optional(), external_user_id: z.string().optional() })

/** Bridge, "User creation & authentication": a token is good for two hours. */
export function authorization(app: FastifyInstance, box: Box): void {
  const { state } = box

  app.post('/v3/aggregation/authorization/token', async (request, reply) => {
    const sent = body.safeParse(jsonBody(request))
    const { user_uuid: uuid, external_user_id: externalId } = sent.data ?? {}
    if ((uuid === undefined) === (externalId === undefined)) {
      throw badParameter('user_uuid', 'Give either user_uuid or external_user_id')
    }
    const user =
      uuid === undefined ? findByExternalId(box, externalId ?? '') : state.users.get(uuid)
    if (user === undefined) {
      throw new Problem(box.switches.unknownUserToken, 'not_found', 'This user does not exist')
    }
    void reply.headers(box.quotas.spend('token', user.uuid))
    const token = issue(box, user.uuid)
    return reply.code(201).send({
      access_token: token.value,
      expires_at: iso(token.expiresAt),
      user: toUser(user),
    })
  })
}

function issue(box: Box, userUuid: string): Token {
  const { tokens } = box.state
  const now = box.clock.now()
  for (const token of tokens.values()) {
    if (token.expiresAt <= now) tokens.delete(token.value)
    else if (token.userUuid === userUuid) {
      if (box.switches.tokenReissue === 'same') return token
      if (box.switches.tokenReissue === 'revoke') tokens.delete(token.value)
    }
  }
  const secret = createHash('sha1').update(box.ids.request()).digest('hex')
  const token = { value: `${secret}-${createUuid(box.ids)}`, userUuid, expiresAt: now + 2 * hourMs }
  tokens.set(token.value, token)
  box.changed()
  return token
}
