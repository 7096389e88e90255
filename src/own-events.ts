import { z } from 'zod'

const aboutItem = {
  item_id: z.int(),
  bank: z.string().nullable(),
  site: z.string(),
  user: z.string().nullable().describe("The site's name for the user; null for its default one."),
}

/**
 * What each event of our own tells a site, by type: always every key, null where there is nothing to say, none that Frappe
 * reserves. It travels as Bridge's events do, `{ type, content, timestamp }`.
 */
export const ownEvents = {
  'connect.completed': z.strictObject({
    request: z.string().describe('The connect request, as the link method named it.'),
    ...aboutItem,
    success: z.literal(true),
    status: z.int(),
    status_code_info: z.string().nullable(),
    step: z.null(),
  }),
  'consent.expiring': z.strictObject({
    ...aboutItem,
    expires_at: z.iso.datetime(),
    days_left: z.int(),
    renew_url: z.url().describe('A page with one button for the user, good for this consent.'),
  }),
  'item.action_required': z.strictObject({
    ...aboutItem,
    status: z.int(),
    status_code_info: z.string().nullable(),
    next: z
      .enum(['connect', 'sca', 'edit', 'check'])
      .describe('Which link helps; `check`: after a visit the accounts have other IBANs.'),
  }),
  'item.repaired': z.strictObject({ ...aboutItem, status: z.int() }),
  'item.stale': z.strictObject({
    ...aboutItem,
    data_as_of: z.iso.datetime().describe('When the bank was last read with success.'),
    expected_at: z.iso.datetime().describe('When it would have been again, in its own rhythm.'),
  }),
  'account.replaced': z.strictObject({
    item_id: z.int(),
    account_id: z.int(),
    replaced_item_id: z.int(),
    replaced_account_id: z.int(),
    data_until: z.iso
      .datetime()
      .nullable()
      .describe(
        'Until when the bank had been read for the account before; null when that is not known.',
      ),
  }),
  'webhook.test': z.strictObject({ site: z.string() }),
} as const

export type OwnEventType = keyof typeof ownEvents
export type OwnContent<Type extends OwnEventType> = z.input<(typeof ownEvents)[Type]>
