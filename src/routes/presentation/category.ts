import type { Category } from '../../bridge/resources/categories.ts'

/** A category as Bridge 2021-06-01 described it; a parent has its children under `categories`. */
export interface V2021Category {
  id: number
  name: string | null
  parent_id: number | null
  categories?: V2021Category[]
}

/** The 2021 shape of a category: the same words, its nulls explicit. A child knows its parent. */
export const toV2021Category = (
  { id, name, parent_id: own, categories }: Category,
  parent: number | null = null,
): V2021Category => ({
  id,
  name: name ?? null,
  parent_id: own ?? parent,
  ...(categories && { categories: categories.map((child) => toV2021Category(child, id)) }),
})
