import { createServer } from 'node:http'
import { accountsOfItem, categories, transactionsPage } from './bridge-replies.ts'
import { listen } from './listen.ts'

// A Bridge that has all its answers ready. Its arguments: milliseconds it takes to think, and pages of transactions.
const thinkMs = Number(process.argv[2] ?? 0)
const pages = Number(process.argv[3] ?? 20)
const rows = 500

const ready = new Map<string, Buffer>()
const readied = (key: string, make: () => unknown): Buffer => {
  const known = ready.get(key)
  if (known) return known
  const bytes = Buffer.from(JSON.stringify(make()))
  ready.set(key, bytes)
  return bytes
}

const path = '/v3/aggregation/transactions'
for (let page = 0; page < pages; page += 1) {
  const next = page + 1 < pages ? `${path}?limit=${rows}&after=${page + 1}` : null
  readied(`page ${page}`, () => transactionsPage(page, rows, next))
}

function answerTo(url: URL): Buffer {
  if (url.pathname.endsWith('/accounts')) {
    const itemId = Number(url.searchParams.get('item_id'))
    return readied(`item ${itemId}`, () => ({
      resources: accountsOfItem(itemId),
      pagination: { next_uri: null },
    }))
  }
  if (url.pathname === path)
    return readied(`page ${url.searchParams.get('after') ?? 0}`, () => null)
  if (url.pathname.endsWith('/categories')) return readied('categories', () => categories)
  if (url.pathname.endsWith('/token')) {
    const expires_at = '2099-01-01T00:00:00.000Z'
    return readied('token', () => ({
      access_token: 'a-token-as-long-as-bridge-makes-them',
      expires_at,
    }))
  }
  throw new Error(`The bench's Bridge knows no ${url.pathname}`)
}

const server = createServer((request, response) => {
  request.resume()
  const body = answerTo(new URL(request.url ?? '', 'http://bridge'))
  const answer = (): void => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length })
    response.end(body)
  }
  if (thinkMs > 0) setTimeout(answer, thinkMs)
  else answer()
})
server.keepAliveTimeout = 60_000
listen(server)
