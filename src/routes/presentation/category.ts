import { isCategory, type Category } from '../../bridge/resources/categories.ts'

/**
 * A category as Bridge 2021-06-01 described it; a parent has its children under `categories`.
 * What is unknown here passes as it came; null when it did not.
 */
export interface V2021Category {
  id: number
  name: unknown
  parent_id: unknown
  categories?: unknown
}

/** The 2021 shape of a category: the same words, its nulls explicit. A child knows its parent. */
export const toV2021Category = (
  { id, name, parent_id: own, categories }: Category,
  parent: number | null = null,
): V2021Category => ({
  id,
  name: name ?? null,
  parent_id: own ?? parent,
  ...(Boolean(categories) && { categories: toV2021Children(categories, id) }),
})

const toV2021Children = (children: unknown, parent: number): unknown =>
  Array.isArray(children)
    ? children.map((child: unknown) => (isCategory(child) ? toV2021Category(child, parent) : child))
    : children
