import { z } from 'zod'
import { loose } from '../../bridge/fields.ts'
import { isCategory, type Category } from '../../bridge/resources/categories.ts'

/**
 * A category as Bridge 2021-06-01 described it; a parent has its children under `categories`.
 * What is unknown here passes as it came; null when it did not.
 */
export const v2021Category = z
  .strictObject({
    id: z.int(),
    name: loose(z.string()),
    parent_id: loose(z.int()),
    categories: z.unknown().optional(),
  })
  .meta({ id: 'Category2021' })
export type V2021Category = z.output<typeof v2021Category>

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
