import type { FastifyInstance } from 'fastify'
import { accountId, accountKinds, isWithheld } from '../account-kinds.ts'
import { ibanOf } from '../accounts.ts'
import { getUser } from '../guard.ts'
import { itemsOf } from '../state.ts'
import { positionsOf } from './accounts.ts'
import type { Box } from '../box.ts'

/** Bridge, "Get accounts information": who holds the accounts that have an IBAN. One answer, without pages. */
export function accountsInformation(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/accounts-information', async (request) => ({
    resources: itemsOf(box.state, getUser(request).uuid).map((item) => ({
      item_id: item.id,
      first_name: 'JEAN',
      last_name: 'DUPONT',
      accounts: positionsOf(item).flatMap((position) => {
        const kind = accountKinds[position]
        if (!kind?.iban || isWithheld(position, box.switches)) return []
        return {
          id: accountId(item.id, position),
          name: kind.name,
          type: kind.type,
          currency_code: 'EUR',
          provider_id: item.providerId,
          iban: ibanOf(item, position),
        }
      }),
    })),
  }))
}
