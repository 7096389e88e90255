import type { FastifyInstance, FastifyRequest } from 'fastify'
import { describe } from '../demo-bank.ts'
import { notFound, Problem } from '../problem.ts'
import { asked, getUser, queryOf } from '../guard.ts'
import { deleteItem, refreshItem } from '../items.ts'
import { languageOf, type Language } from '../../language.ts'
import { listBody, pageOf, readPage } from '../pagination.ts'
import { itemsOf, type Item } from '../state.ts'
import { iso, isoSecond } from '../times.ts'
import type { Box } from '../box.ts'
import type { Switches } from '../switches.ts'

/** An item as v3 answers it (Bridge, "Get item"): what has no value is absent. */
function toItem(item: Item, language: Language, set: Switches): object {
  const time = set.itemTimes === 'second' ? isoSecond : iso
  const when = (name: string, at: number | undefined): object =>
    at === undefined ? {} : { [name]: time(at) }
  const description = describe(item.status, language)
  return {
    id: item.id,
    provider_id: item.providerId,
    ...(set.itemStatusField === 'status_code' ? {} : { status: item.status }),
    ...(set.itemStatusField === 'status' ? {} : { status_code: item.status }),
    ...(item.info === '' ? {} : { status_code_info: item.info }),
    ...(description === undefined ? {} : { status_code_description: description }),
    account_types: item.accountTypes,
    ...when('created_at', item.createdAt),
    ...when('last_successful_refresh', item.lastSuccess),
    ...when('last_try_refresh', item.lastTry),
    ...when('authentication_expires_at', item.consentUntil),
  }
}

type WithId = { Params: { id: string } }

/** Bridge, "Items"; and the refresh, which only 2021-06-01 documents. */
export function items(app: FastifyInstance, box: Box): void {
  const own = (request: FastifyRequest<WithId>): Item => {
    const item = box.state.items.get(Number(request.params.id))
    if (item?.userUuid !== getUser(request).uuid) throw notFound()
    return item
  }
  const present = (request: FastifyRequest, item: Item): object =>
    toItem(item, languageOf(undefined, request.headers['accept-language']), box.switches)

  app.get('/v3/aggregation/items', async (request) => {
    const page = readPage(queryOf(request), box.switches)
    const { rows, next } = pageOf(itemsOf(box.state, getUser(request).uuid), ({ id }) => id, page)
    const shown = rows.map((item) => present(request, item))
    return listBody(shown, next, asked(request, page.limit), box.switches)
  })

  app.get<WithId>('/v3/aggregation/items/:id', async (request) => present(request, own(request)))

  app.delete<WithId>('/v3/aggregation/items/:id', async (request, reply) => {
    deleteItem(box, own(request), true)
    return reply.code(204).send()
  })

  app.post<WithId>('/v2/items/:id/refresh', async (request, reply) => {
    const { refreshStatus } = box.switches
    if (refreshStatus === 404) throw notFound()
    if (refreshStatus === 410) throw new Problem(410, 'gone', 'This version is retired')
    refreshItem(box, own(request), 'api')
    return reply.code(202).send()
  })

  app.post<WithId>('/v3/aggregation/items/:id/refresh', async (request, reply) => {
    if (box.switches.refreshV3 === 404) throw notFound()
    refreshItem(box, own(request), 'api')
    return reply.code(202).send()
  })
}
