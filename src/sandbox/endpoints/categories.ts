import type { FastifyInstance } from 'fastify'
import { categories as known, categoryTree } from '../categories.ts'
import { notFound } from '../problem.ts'
import { asked, queryOf } from '../guard.ts'
import { languageOf } from '../../language.ts'
import { listBody, readPage } from '../pagination.ts'
import type { Box } from '../box.ts'

/** Bridge, "Categories": need no bearer; names follow `Accept-Language`. */
export function categories(app: FastifyInstance, box: Box): void {
  app.get('/v3/aggregation/categories', async (request) => {
    const { limit, after } = readPage(queryOf(request), box.switches)
    const tree = categoryTree(languageOf(undefined, request.headers['accept-language']))
    // Parents keep the order of the tree, so the cursor is a position.
    const from = Number(after ?? 0)
    const next = from + limit < tree.length ? String(from + limit) : undefined
    return listBody(tree.slice(from, from + limit), next, asked(request, limit), box.switches)
  })

  app.get<{ Params: { id: string } }>('/v3/aggregation/categories/:id', async (request) => {
    const one = known.find(({ id }) => id === Number(request.params.id))
    if (one === undefined) throw notFound()
    const { id, parent } = one
    const name = one[languageOf(undefined, request.headers['accept-language'])]
    const category = { id, name, ...(parent === undefined ? {} : { parent_id: parent }) }
    return box.switches.singleCategory === 'plain' ? category : { resources: [category] }
  })
}
