import { toText } from '../../bridge/fields.ts'
import type { Item } from '../../bridge/resources/items.ts'

/**
 * An item as Bridge 2021-06-01 described it (Bridge: item resource).
 * What is unknown here passes as it came; null when it did not.
 */
export interface V2021Item {
  id: number
  status: number
  status_code_info: unknown
  status_code_description: unknown
  bank_id: unknown
}

/** The 2021 shape of an item, its status info in upper case as all such words were. */
export const toV2021Item = (item: Item): V2021Item => ({
  id: item.id,
  status: item.status,
  status_code_info: toText(item.status_code_info)?.toUpperCase() ?? item.status_code_info ?? null,
  status_code_description: item.status_code_description ?? null,
  bank_id: item.provider_id ?? null,
})

/** An item without the fields that are null: Bridge 2025-01-15 has none, nor has a document of Frappe's. */
export const withoutNulls = (item: Item): object =>
  Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== null && value !== undefined),
  )
