import { z } from 'zod'
import { markIfMissing } from '../../ownership/gone-items.ts'
import { ownedItem, type OwnedBridgeItem } from '../../ownership/ownership.ts'
import { loose } from '../../bridge/fields.ts'
import { mayBeRefreshed } from '../../bridge/resources/items.ts'
import { nextStep } from '../../connect/item-status.ts'
import { TooManyRequestsError } from '../../errors.ts'
import { say, text } from '../../texts/say.ts'
import { defineMethod, type MethodContext } from '../context.ts'
import { itemId, lang, site, user } from './shared-arguments.ts'
import { dayMs } from '../../durations.ts'

/** How often a bank may be read in a day without its user (PSD2, regulatory technical standards, article 36). */
const mostPerDay = 4

/** Bridge 2025-01-15 has no such call, so the one of 2021 is tried. */
export const postItemRefresh = defineMethod({
  name: 'bank_api.bridge.post_item_refresh',
  tag: 'connections',
  summary:
    'Asks Bridge to read the bank again, at most four times a day. Bridge usually refuses; the answer then says what to do instead.',
  effect: 'changes',
  params: z.object({ item_id: itemId, lang, user, site }),
  result: z.union([
    z.strictObject({ refreshed: z.literal(true) }),
    z.strictObject({
      refreshed: z.literal(false),
      reason: z.string(),
      last_successful_refresh: loose(z.string()),
      next: z.enum(['wait', 'connect', 'sca', 'edit']).describe('What helps.'),
    }),
  ]),
  example: { item_id: 4568477, lang: 'fr' },
  async run(context, { item_id, lang, ...selector }) {
    const held = await ownedItem(context, item_id, selector)
    const claim = await claimRefresh(context, held)

    const asked = context.bridge.items.refresh(held.bridgeUser, item_id).catch(async (error) => {
      // What Bridge may have done without saying so counts.
      if (!mayBeRefreshed(error)) await context.store.releaseAllowance('refresh', claim)
      throw error
    })
    const refreshed = await markIfMissing(context, held, asked)
    if (refreshed) return { refreshed }

    await context.store.releaseAllowance('refresh', claim)
    const live = await markIfMissing(
      context,
      held,
      context.bridge.items.get(held.bridgeUser, item_id),
    )
    const next = nextStep(live.status)
    return {
      refreshed,
      reason: say(text('advice.refreshed_by_itself'), context.language(lang)),
      last_successful_refresh: live.last_successful_refresh ?? null,
      next: next === 'none' ? 'wait' : next,
    }
  },
})

async function claimRefresh(
  { store, clock }: MethodContext,
  { item }: OwnedBridgeItem,
): Promise<number> {
  const at = clock.now()
  const taken = await store.claimAllowance('refresh', item.id, {
    at,
    since: at - dayMs,
    limit: mostPerDay,
  })
  if ('claim' in taken) return taken.claim
  const freeAt = taken.oldestAt + dayMs
  const time = new Date(freeAt).toISOString()
  throw new TooManyRequestsError(
    'refresh_limit_reached',
    { id: item.id, count: mostPerDay, time },
    { retryAfter: (freeAt - at) / 1_000 },
  )
}
