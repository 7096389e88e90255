import type { Item } from '../../bridge/resources/items.ts'

/** An item as Bridge 2021-06-01 described it (Bridge: item resource). */
export interface V2021Item {
  id: number
  status: number
  status_code_info: string | null
  status_code_description: string | null
  bank_id: number | null
}

/** The 2021 shape of an item, its status info in upper case as all such words were. */
export const toV2021Item = (item: Item): V2021Item => ({
  id: item.id,
  status: item.status,
  status_code_info: item.status_code_info?.toUpperCase() ?? null,
  status_code_description: item.status_code_description ?? null,
  bank_id: item.provider_id ?? null,
})

/** An item without the fields that are null: Bridge 2025-01-15 has none, nor has a document of Frappe's. */
export const withoutNulls = (item: Item): object =>
  Object.fromEntries(
    Object.entries(item).filter(([, value]) => value !== null && value !== undefined),
  )
