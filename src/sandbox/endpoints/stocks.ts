import type { FastifyInstance } from 'fastify'
import { accountId, accountKinds, isWithheld, itemOfAccount } from '../account-kinds.ts'
import { fraction } from '../chance.ts'
import { notFound } from '../problem.ts'
import { asked, getUser, queryOf } from '../guard.ts'
import { idParameter, listBody, moment, pageOf, readPage } from '../pagination.ts'
import { itemsOf, type Item } from '../state.ts'
import { dayOf, iso, isoDate } from '../times.ts'
import { positionsOf } from './accounts.ts'
import type { Box } from '../box.ts'

const shares = [
  { label: 'LVMH', ticker: 'MC', isin: 'FR0000121014', marketplace: 'Euronext Paris' },
  { label: 'AIR LIQUIDE', ticker: 'AI', isin: 'FR0000120073', marketplace: 'Euronext Paris' },
  { label: 'SANOFI', ticker: 'SAN', isin: 'FR0000120578', marketplace: 'Euronext Paris' },
]

/** Bridge, "List stocks": three in each securities account. */
export function stocks(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/stocks', async (request) => {
    const query = queryOf(request)
    const page = readPage(query, box.switches)
    const account = idParameter(query, 'account_id')
    const since = moment(query, 'since') ?? -Infinity
    const all = itemsOf(box.state, getUser(request).uuid)
      .flatMap((item) => stocksOf(box, item))
      .filter((one) => account === undefined || one.account_id === account)
      .filter((one) => Date.parse(one.updated_at) > since)
    const { rows, next } = pageOf(all, ({ id }) => id, page)
    return listBody(rows, next, asked(request, page.limit), box.switches)
  })

  app.get<{ Params: { id: string } }>('/v3/aggregation/stocks/:id', async (request) => {
    const id = Number(request.params.id)
    const item = box.state.items.get(itemOfAccount(Math.floor(id / shares.length)))
    if (item?.userUuid !== getUser(request).uuid) throw notFound()
    const stock = stocksOf(box, item).find((one) => one.id === id)
    if (stock === undefined) throw notFound()
    return stock
  })
}

function stocksOf(box: Box, item: Item) {
  const held = positionsOf(item).filter(
    (position) =>
      accountKinds[position]?.type === 'brokerage' && !isWithheld(position, box.switches),
  )
  return held.flatMap((position) => {
    const account = accountId(item.id, position)
    const { at, stamps } = box.ledgers.now(item)
    const refreshedAt = stamps[position] ?? at
    return shares.map((share, index) => {
      const id = account * shares.length + index
      const price = Math.round((40 + 600 * fraction(id, dayOf(refreshedAt))) * 100)
      const quantity = 1 + Math.floor(20 * fraction(id, 1))
      return {
        id,
        account_id: account,
        ...share,
        stock_key: `${share.ticker}.PA`,
        currency_code: 'EUR',
        current_price: price / 100,
        quantity,
        total_value: (price * quantity) / 100,
        average_purchase_price: Math.round(40 + 600 * fraction(id, 2)),
        value_date: `${isoDate(dayOf(refreshedAt))}T00:00:00.000Z`,
        created_at: iso(item.createdAt),
        updated_at: iso(refreshedAt),
        deleted: false,
      }
    })
  })
}
