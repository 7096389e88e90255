import { z } from 'zod'
import { loose, toText } from '../../bridge/fields.ts'
import type { Item } from '../../bridge/resources/items.ts'

/**
 * An item as Bridge 2021-06-01 described it (Bridge: item resource).
 * What is unknown here passes as it came; null when it did not.
 */
export const v2021Item = z.strictObject({
  id: z.int(),
  status: z.int(),
  status_code_info: loose(z.string()),
  status_code_description: loose(z.string()),
  bank_id: loose(z.int()),
})
export type V2021Item = z.output<typeof v2021Item>

/** A status info as 2021-06-01 had it: in upper case as all such words were, and none with status 0. */
export const toV2021Info = <T>(status: number, info: T): T | string | null =>
  status === 0 ? null : (toText(info)?.toUpperCase() ?? info ?? null)

/** The 2021 shape of an item. */
export const toV2021Item = (item: Item): V2021Item => ({
  id: item.id,
  status: item.status,
  status_code_info: toV2021Info(item.status, item.status_code_info),
  status_code_description: item.status_code_description ?? null,
  bank_id: item.provider_id ?? null,
})

/** An item without the fields that are null: Bridge 2025-01-15 has none, nor has a document of Frappe's. */
export const withoutNulls = (item: Item): Item =>
  Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== null && value !== undefined),
  ) as Item
