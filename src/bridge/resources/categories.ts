import { z } from 'zod'
import type { Api } from '../api.ts'
import { BridgeSchemaError } from '../errors.ts'
import { pageOf } from '../pagination.ts'

const leaf = z.looseObject({
  id: z.int(),
  name: z.string().nullish(),
  parent_id: z.int().nullish(),
})

/** A transaction category; in the list, a parent with its children under `categories`. */
export const category = leaf.extend({ categories: z.array(leaf).nullish() })
export type Category = z.output<typeof category>

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
