import type { FastifyInstance } from 'fastify'
import { accountId, itemOfAccount, positionOf, sharedAccounts } from '../account-kinds.ts'
import { toAccount } from '../accounts.ts'
import { notFound } from '../problem.ts'
import { asked, getUser, queryOf } from '../guard.ts'
import { idParameter, listBody, pageOf, readPage } from '../pagination.ts'
import { itemsOf, type Item } from '../state.ts'
import type { Box } from '../box.ts'

/** The positions an item shows: none before its first synchronisation. */
export const positionsOf = (item: Item): number[] =>
  item.changes.length === 0 ? [] : sharedAccounts(item.accountTypes)

/** Bridge, "Accounts". */
export function accounts(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/accounts', async (request) => {
    const query = queryOf(request)
    const page = readPage(query, box.switches)
    const wanted = idParameter(query, 'item_id')
    const all = itemsOf(box.state, getUser(request).uuid)
      .filter(({ id }) => wanted === undefined || id === wanted)
      .flatMap((item) => positionsOf(item).map((position) => ({ item, position })))
    const key = ({ item, position }: (typeof all)[number]): number => accountId(item.id, position)
    const { rows, next } = pageOf(all, key, page)
    const shown = rows.map(({ item, position }) =>
      toAccount(item, box.ledgers.now(item), position, box.switches),
    )
    return listBody(shown, next, asked(request, page.limit), box.switches)
  })

  app.get<{ Params: { id: string } }>('/v3/aggregation/accounts/:id', async (request) => {
    const id = Number(request.params.id)
    const item = box.state.items.get(itemOfAccount(id))
    const position = positionOf(id)
    if (item?.userUuid !== getUser(request).uuid || !positionsOf(item).includes(position)) {
      throw notFound()
    }
    return toAccount(item, box.ledgers.now(item), position, box.switches)
  })
}
