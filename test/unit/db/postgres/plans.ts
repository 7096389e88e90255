import type pg from 'pg'
import type { Connections } from '../../../../src/db/postgres/tools.ts'

/** The tables that grow with sites, users and time. */
const growing = [
  'sites',
  'api_keys',
  'audit',
  'bridge_users',
  'connect_requests',
  'items',
  'accounts',
  'item_refreshes',
  'renewals',
  'events',
  'deliveries',
  'attempts',
  'endpoints',
  'calls',
]

/**
 * Fills a database with so many sites, ten times as many items and thirty times as many deliveries, of which next to all were
 * delivered.
 */
export async function fill(client: Pick<pg.ClientBase, 'query'>, sites: number): Promise<void> {
  const [items, deliveries] = [sites * 10, sites * 30]
  const rows = (count: number) => `FROM generate_series(1, ${count}) AS n`
  const site = `'s' || n % ${sites}`
  const statements = [
    `INSERT INTO tenants (id, name, created_at) SELECT 't' || n, 'tenant ' || n, 1 ${rows(sites / 10)}`,
    `INSERT INTO sites (id, tenant_id, name, folded_name, webhook_url, webhook_secret, remind_by, created_at)
     SELECT ${site}, 't' || 1 + n % ${sites / 10}, 'site ' || n, 'site ' || n, 'https://a.test', '',
       CASE n % 2 WHEN 0 THEN 'mail' ELSE 'webhook' END, 1 ${rows(sites)}`,
    `INSERT INTO api_keys (api_key, tenant_id, site_id, secret_hash, created_at)
     SELECT 'k' || n, 't' || 1 + n % ${sites / 10}, ${site}, '', 1 ${rows(sites)}`,
    `INSERT INTO bridge_users (id, site_id, name, folded_name, user_uuid, created_at)
     SELECT 'u' || n % ${sites}, ${site}, '', '', 'uuid ' || n, 1 ${rows(sites)}`,
    `INSERT INTO items (id, user_id, status, told_status, authentication_expires_at, created_at, updated_at)
     SELECT 1000 + n, 'u' || n % ${sites}, 0, 0, n, 1, 1000000 + n ${rows(items)}`,
    `INSERT INTO accounts (id, item_id, created_at) SELECT n, 1000 + n, 1 ${rows(items)}`,
    `INSERT INTO item_refreshes (item_id, at) SELECT 1000 + n, n ${rows(items)}`,
    `INSERT INTO renewals (item_id, at) SELECT 1000 + n, n ${rows(items)}`,
    `INSERT INTO connect_requests (id, user_id, state, redirect_url, account_types, item_id, opened_at, expires_at)
     SELECT 'r' || n, 'u' || n % ${sites}, 'completed', '', 'all', 1000 + n, n, n ${rows(items)}`,
    `INSERT INTO events (id, dedupe_key, type, user_id, site_id, item_id, body, occurred_at, received_at, handled_at)
     SELECT 'e' || n, 'bridge:' || n, 'x', 'u' || n % ${sites}, ${site}, 1000 + n % ${items}, '', n, n, n ${rows(deliveries)}`,
    `INSERT INTO deliveries (id, event_seq, site_id, item_id, state, attempts, due_at, first_ended_at, created_at, settled_at)
     SELECT 'd' || seq, seq, site_id, item_id, 'delivered', 1, seq, seq, seq, seq FROM events`,
    `UPDATE deliveries SET state = 'pending', settled_at = NULL WHERE event_seq % 100 = 0`,
    `UPDATE deliveries SET state = 'dead' WHERE event_seq % 100 = 1`,
    `INSERT INTO attempts (delivery_id, number, started_at, duration_ms, response)
     SELECT id, 1, event_seq, 1, '' FROM deliveries`,
    `INSERT INTO endpoints (site_id) SELECT id FROM sites`,
    `INSERT INTO calls (id, at, method, status, duration_ms, tenant_id, site_id, item_id, bridge)
     SELECT 'c' || n, n, 'x', 200, 1, 't1', ${site}, 1000 + n % ${items}, '[]' ${rows(deliveries)}`,
    `INSERT INTO audit (at, tenant_id, actor, action, subject)
     SELECT n, 't' || 1 + n % ${sites / 10}, 'a', 'b', n ${rows(deliveries)}`,
    'ANALYZE',
  ]
  for (const statement of statements) await client.query(statement)
}

/** A statement, and the values it was once run with. */
interface Recorded {
  text: string
  values: unknown[]
  /** It is planned once, for whatever values. */
  isPrepared?: boolean
}

/** A pool that writes down what it is asked: of each text the first. */
export function recording(pool: pg.Pool) {
  const seen = new Map<string, Recorded>()
  const connect = async () => {
    const client = await pool.connect()
    const query = (asked: string | pg.QueryConfig, values: unknown[] = []) => {
      const text = typeof asked === 'string' ? asked : asked.text
      if (/^\s*(select|update|delete|insert|with)\b/i.test(text) && !seen.has(text)) {
        const isPrepared = typeof asked === 'object' && asked.name !== undefined
        seen.set(text, { text, values, isPrepared })
      }
      return client.query(asked as pg.QueryConfig, values)
    }
    return { query, release: (error?: Error) => client.release(error) } as unknown as pg.PoolClient
  }
  const connections: Connections & { end(): Promise<void> } = {
    connect: connect as pg.Pool['connect'],
    waitingCount: 0,
    end: () => pool.end(),
  }
  return { connections, statements: () => [...seen.values()] }
}

interface Node {
  'Node Type': string
  'Relation Name'?: string
  'Index Name'?: string
  'Index Cond'?: string
  'Actual Rows'?: number
  'Rows Removed by Filter'?: number
  Plans?: Node[]
}

/**
 * The steps of a statement's plan that read a growing table, or an index of it, without being told where. An index of what is
 * still to be done may be read whole.
 */
export async function readingWhole(
  client: Pick<pg.ClientBase, 'query'>,
  statement: Recorded,
): Promise<string[]> {
  const nodes = await planOf(client, statement)
  const { rows: whole } = await client.query<{ name: string }>(
    `SELECT indexrelid::regclass::text AS name FROM pg_index
     WHERE indpred IS NULL AND indrelid::regclass::text = ANY ($1)`,
    [growing],
  )
  const indexes = whole.map(({ name }) => name)
  return nodes
    .filter((node) => isWhole(node, indexes))
    .map(
      (node) =>
        `${node['Node Type']} ${node['Relation Name'] ?? node['Index Name']}: ${statement.text}`,
    )
}

/** The indexes by which a statement finds its rows. */
export async function indexesOf(
  client: Pick<pg.ClientBase, 'query'>,
  statement: Recorded,
): Promise<string[]> {
  const nodes = await planOf(client, statement)
  return nodes.flatMap((node) => node['Index Name'] ?? [])
}

/** The most rows that a step of a statement reads, those included that it passes over. */
export async function mostRowsRead(
  client: Pick<pg.ClientBase, 'query'>,
  { text, values }: Recorded,
): Promise<number> {
  const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(
    `EXPLAIN (ANALYZE, FORMAT JSON) ${text}`,
    values,
  )
  const nodes = nodesOf(rows[0]!['QUERY PLAN'][0].Plan)
  return Math.max(
    ...nodes.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0)),
  )
}

/** The steps of its plan for the values it was run with, and where it is prepared those of its plan for any. */
async function planOf(
  client: Pick<pg.ClientBase, 'query'>,
  { text, values, isPrepared = false }: Recorded,
): Promise<Node[]> {
  const explained = async (statement: string, given?: unknown[]): Promise<Node[]> => {
    const explain = { text: `EXPLAIN (FORMAT JSON) ${statement}`, ...(given && { values: given }) }
    const { rows } = await client.query<{ 'QUERY PLAN': [{ Plan: Node }] }>(explain)
    return nodesOf(rows[0]!['QUERY PLAN'][0].Plan)
  }
  const nodes = await explained(text, values)
  if (!isPrepared) return nodes
  await client.query(`PREPARE looked_at AS ${text}`)
  await client.query('SET plan_cache_mode = force_generic_plan')
  const any = values.length > 0 ? `(${values.map(() => 'NULL').join()})` : ''
  nodes.push(...(await explained(`EXECUTE looked_at ${any}`)))
  await client.query('RESET plan_cache_mode')
  await client.query('DEALLOCATE looked_at')
  return nodes
}

const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)]

const isWhole = (node: Node, indexes: readonly string[]): boolean =>
  node['Node Type'] === 'Seq Scan'
    ? growing.includes(node['Relation Name'] ?? '')
    : node['Index Cond'] === undefined && indexes.includes(node['Index Name'] ?? '')
