import { createServer } from 'node:http'
import { Pool } from 'undici'
import { pageOf } from '../../src/bridge/transport/pagination.ts'
import { transaction } from '../../src/bridge/resources/transactions.ts'
import { categories } from './bridge-replies.ts'
import { listen } from './listen.ts'

// Fetches all pages one after the other, as a script would, each time it is asked; answers the rows, their shape looked at and
// their categories named.
const [origin = ''] = process.argv.slice(2)
const pool = new Pool(origin, { connections: 1 })
interface Page {
  resources: { category_id: number }[]
  pagination: { next_uri: string | null }
}
const shape = pageOf(transaction)
const names = new Map(
  categories.resources.flatMap(({ categories: some }) => some.map(({ id, name }) => [id, name])),
)

async function fetchAll(): Promise<object[]> {
  const rows: object[] = []
  let path: string | null = '/v3/aggregation/transactions?limit=500'
  while (path !== null) {
    const { body } = await pool.request({ method: 'GET', path })
    const page = (await body.json()) as Page
    rows.push(...looked(page))
    path = page.pagination.next_uri
  }
  return rows
}

function looked(page: Page): Page['resources'] {
  if (!shape.safeParse(page).success) throw new Error('another shape')
  return page.resources.map((row) => ({ ...row, category: names.get(row.category_id) }))
}

listen(
  createServer((_request, response) => {
    fetchAll().then(
      (message) => response.end(JSON.stringify({ message })),
      (error: unknown) => response.writeHead(500).end(String(error)),
    )
  }),
)
