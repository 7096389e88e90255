import { z } from 'zod'
import type { Api } from '../api.ts'
import { BridgeSchemaError } from '../bridge-errors.ts'
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

// Bridge's reference shows one category inside `resources`, its users have seen it bare.
const oneCategory = z.union([category, pageOf(category)])

export interface Categories {
  /** The whole tree, named in `language` (fr or en); needs no Bridge user. */
  list(options?: { language?: string | undefined }): Promise<Category[]>
  get(categoryId: number, options?: { language?: string | undefined }): Promise<Category>
}

export function createCategories(api: Api): Categories {
  return {
    list: ({ language } = {}) =>
      api.list({ method: 'GET', route: '/v3/aggregation/categories', language }, page),
    async get(categoryId, { language } = {}) {
      const route = '/v3/aggregation/categories/{id}'
      const answer = await api.send({ method: 'GET', route, id: categoryId, language }, oneCategory)
      const found = toCategories(answer).find(({ id }) => id === categoryId)
      if (!found) throw new BridgeSchemaError(`GET ${route}: another category came back`)
      return found
    },
  }
}

function toCategories(answer: z.output<typeof oneCategory>): Category[] {
  return typeof answer['id'] === 'number'
    ? [answer as Category]
    : (answer['resources'] as Category[])
}
