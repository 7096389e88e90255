import { z } from 'zod'
import type { Api } from '../api.ts'
import { bridgeId, loosely } from '../fields.ts'
import { pageOf } from '../transport/pagination.ts'

const leaf = z.looseObject({
  id: bridgeId,
  name: loosely(z.string()),
  parent_id: loosely(z.int()),
})

/** A transaction category; in the list, a parent with its children under `categories`. */
export const category = leaf.extend({ categories: loosely(z.array(leaf)) }).meta({ id: 'Category' })
export type Category = z.output<typeof category>

/** A parent's children, as far as they are categories. */
export const childrenOf = ({ categories }: Category): Category[] =>
  Array.isArray(categories) ? categories.filter(isCategory) : []

export const isCategory = (value: unknown): value is Category => category.safeParse(value).success

const page = pageOf(category)

export interface Categories {
  /** The whole tree, named in `language` (fr or en); needs no Bridge user. */
  list(options?: { language?: string | undefined }): Promise<Category[]>
}

export const createCategories = (api: Api): Categories => ({
  list: ({ language } = {}) =>
    api.list({ method: 'GET', route: '/v3/aggregation/categories', language }, page),
})
