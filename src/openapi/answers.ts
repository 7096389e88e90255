import { z } from 'zod'
import { account } from '../bridge/resources/accounts.ts'
import { category } from '../bridge/resources/categories.ts'
import { item } from '../bridge/resources/items.ts'
import { provider } from '../bridge/resources/providers.ts'
import { transaction } from '../bridge/resources/transactions.ts'

const link = z.object({
  redirect_url: z.url().describe('Where the user connects the bank. A secret, good for a day.'),
  url: z.url().describe('The same address.'),
  request: z.string().describe('The connect request: ask get_bridge_item_id what became of it.'),
  existing_item_id: z
    .int()
    .optional()
    .describe('That user of that site has a living item at the same bank already.'),
})

const outcome = z.object({
  request: z.string(),
  item_id: z.int().nullable().describe('Null until Bridge confirmed an item.'),
  bank: z.string().nullable(),
  status: z.enum(['pending', 'completed', 'failed', 'expired']),
  success: z.boolean(),
  step: z.string().nullable().describe('Where the user left, when it failed.'),
})

const itemDocument = item.extend({
  name: z.string(),
  owner: z.string(),
  creation: z.string(),
  modified: z.string(),
  docstatus: z.literal(0),
  doctype: z.literal('Bridge Item'),
  item_id: z.int(),
  bank: z.string().optional(),
  site: z.string(),
  user: z.string().optional(),
})

const deletion = z.object({
  item_id: z.int(),
  deleted: z.literal(true),
  bank: z.string().nullable(),
  site: z.string(),
  accounts: z.int().describe('How many accounts went with it.'),
})

const refresh = z.union([
  z.object({ refreshed: z.literal(true) }),
  z.object({
    refreshed: z.literal(false),
    reason: z.string(),
    last_successful_refresh: z.string().nullable(),
    next: z.string().describe('What helps: wait, connect, sca, edit.'),
  }),
])

/** A method's answer in its default form, under `message`, with a line about it. Other forms are the key's choice. */
export interface Answer {
  is: string
  schema: z.ZodType
}

const linkAnswer = (is: string): Answer => ({ is, schema: link })
const named = transaction.extend({ category: z.string().nullish() })

/** By the last segment of the method's name; a test compares them with real answers. */
export const answers: Record<string, Answer> = {
  get_bridge_connect_link: linkAnswer('A link that connects a bank, or manages the item named.'),
  get_bridge_edit_link: linkAnswer(
    'A link that manages an item: credentials, shared accounts, whatever its status asks for.',
  ),
  get_sca_authentication_link: linkAnswer(
    "A link that renews an item's strong customer authentication now.",
  ),
  get_pro_confirmation_link: linkAnswer(
    'Bridge removed the separate step for business accounts: a link that manages the item, or connects one.',
  ),
  get_bridge_item_id: { is: 'What became of a connect request.', schema: outcome },
  get_bridge_item_details: {
    is: "The Bridge Item document: ours, then Bridge's live fields.",
    schema: itemDocument,
  },
  delete_bridge_item_id: { is: 'Deletes an item at Bridge, then here.', schema: deletion },
  post_item_refresh: {
    is: 'Asks Bridge to read the bank again, at most four times a day.',
    schema: refresh,
  },
  get_bank_accounts: { is: 'All accounts of an item.', schema: z.array(account) },
  get_single_bank: { is: 'A bank, which Bridge calls a provider.', schema: provider },
  get_bank_transactions_by_account: {
    is: 'All transactions of an account.',
    schema: z.array(named),
  },
  get_bank_transactions: {
    is: "All transactions of the user's accounts, or of one item or account.",
    schema: z.array(named),
  },
  get_category: {
    is: 'A transaction category; without an id the whole tree.',
    schema: z.union([z.array(category), category]),
  },
  get_webhook_secret: {
    is: "What the site's webhooks are signed with; for the site's own key alone.",
    schema: z.object({ secret: z.string().describe('`whsec_…`, as Standard Webhooks.') }),
  },
}
