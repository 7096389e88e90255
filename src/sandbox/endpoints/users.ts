import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { createUuid, type Box } from '../box.ts'
import { badParameter, notFound, Problem } from '../problem.ts'
import { asked, jsonBody, queryOf } from '../guard.ts'
import { deleteItem } from '../items.ts'
import { listBody, pageOf, readPage } from '../pagination.ts'
import { itemsOf, type User } from '../state.ts'

const body = z.object({
  external_user_id: z
    .string()
    .regex(/^[\w-]{1,128}$/)
    .optional(),
})

/** A user as v3 answers it (Bridge, "Get user"). */
export const toUser = (user: User): object => ({
  uuid: user.uuid,
  ...(user.externalUserId === undefined ? {} : { external_user_id: user.externalUserId }),
})

/** The application's user with this id of the caller's own. */
export function findByExternalId(box: Box, id: string): User | undefined {
  return [...box.state.users.values()].find((user) => user.externalUserId === id)
}

/** Bridge, "User creation & authentication". */
export function users(app: FastifyInstance, box: Box): void {
  const { state } = box

  app.post('/v3/aggregation/users', async (request, reply) => {
    // Everything about a user is optional, so the whole body is.
    const sent = body.safeParse(request.body === undefined ? {} : jsonBody(request))
    if (!sent.success) throw badParameter('external_user_id', 'external_user_id is malformed')
    const id = sent.data.external_user_id
    if (id !== undefined && findByExternalId(box, id) !== undefined) {
      throw new Problem(409, 'conflict', 'A user with this external_user_id already exists')
    }
    const { userCap } = box.switches
    if (userCap > 0 && state.users.size >= userCap) {
      throw new Problem(403, 'forbidden', `A sandbox has ${userCap} users at most`)
    }
    const user: User = { seq: state.counters.user, uuid: createUuid(box.ids) }
    if (id !== undefined) user.externalUserId = id
    state.counters.user += 1
    state.users.set(user.uuid, user)
    box.changed()
    return reply.code(201).send(toUser(user))
  })

  app.get('/v3/aggregation/users', async (request) => {
    const page = readPage(queryOf(request), box.switches)
    const { rows, next } = pageOf([...state.users.values()], ({ seq }) => seq, page)
    return listBody(rows.map(toUser), next, asked(request, page.limit), box.switches)
  })

  app.get<{ Params: { uuid: string } }>('/v3/aggregation/users/:uuid', async (request) => {
    const user = state.users.get(request.params.uuid)
    if (user === undefined) throw notFound()
    return toUser(user)
  })

  app.delete<{ Params: { uuid: string } }>(
    '/v3/aggregation/users/:uuid',
    async (request, reply) => {
      const user = state.users.get(request.params.uuid)
      if (user === undefined) throw notFound()
      remove(box, user)
      return reply.code(204).send()
    },
  )

  app.delete('/v3/aggregation/users', async (_request, reply) => {
    if (box.switches.deleteAllUsers === 404) throw notFound()
    for (const user of state.users.values()) remove(box, user)
    return reply.code(204).send()
  })
}

/** The user goes with everything of theirs. */
function remove(box: Box, user: User): void {
  const { state, switches, webhooks } = box
  for (const item of itemsOf(state, user.uuid)) deleteItem(box, item, switches.userDeletedCascade)
  for (const { value, userUuid } of state.tokens.values()) {
    if (userUuid === user.uuid) state.tokens.delete(value)
  }
  for (const { token, userUuid } of state.sessions.values()) {
    if (userUuid === user.uuid) state.sessions.delete(token)
  }
  state.formerItems = state.formerItems.filter(({ userUuid }) => userUuid !== user.uuid)
  state.users.delete(user.uuid)
  webhooks.enqueue('user.deleted', { user_uuid: user.uuid })
  box.changed()
}
