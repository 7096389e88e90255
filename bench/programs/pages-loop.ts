import { Pool } from 'undici'
import { workWhenAsked } from './listen.ts'

// Fetches all pages one after the other, as a script would, each time it is asked; answers how many rows that were.
const [origin = ''] = process.argv.slice(2)
const pool = new Pool(origin, { connections: 1 })
interface Page {
  resources: unknown[]
  pagination: { next_uri: string | null }
}

async function fetchAll(): Promise<number> {
  const rows: unknown[] = []
  let path: string | null = '/v3/aggregation/transactions?limit=500'
  while (path !== null) {
    const { body } = await pool.request({ method: 'GET', path })
    const page = (await body.json()) as Page
    rows.push(...page.resources)
    path = page.pagination.next_uri
  }
  return rows.length
}

workWhenAsked(fetchAll)
