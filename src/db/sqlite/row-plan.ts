import type Sqlite from 'better-sqlite3'
import {
  Column,
  fillPlaceholders,
  getTableName,
  is,
  Subquery,
  type DriverValueDecoder,
} from 'drizzle-orm'

/** What a select that drizzle prepared consists of: it is pinned, and a test compares what both make of a row. */
interface PreparedSelect {
  stmt: Sqlite.Statement
  query: { params: unknown[] }
  /** One for each column of a row; of two names, the first is the table's. */
  fields: { path: string[]; field: Column | { decoder: Decoder } | { sql: { decoder: Decoder } } }[]
  /** Which tables each row has; undefined where nothing is joined. */
  joinsNotNullableMap?: Readonly<Record<string, boolean>>
  values(given?: Values): unknown[][]
  get(given?: Values): unknown
  all(given?: Values): unknown[]
}

type Values = Record<string, unknown>
type Decoder = DriverValueDecoder<unknown, unknown>

/**
 * Has a prepared select make its rows by a plan that is made once. Drizzle looks at every column anew for every row, which
 * takes longer than to read it.
 */
export function planRows(statement: object): void {
  if (!('fields' in statement) || !Array.isArray(statement.fields)) return
  const select = statement as PreparedSelect
  if (select.fields.some(({ path, field }) => path.length > 2 || is(field, Subquery))) return
  const toObject = planOf(select)
  select.all = (given) => select.values(given).map(toObject)
  select.get = (given = {}) => {
    const row = select.stmt.raw().get(...fillPlaceholders(select.query.params, given))
    return row === undefined ? undefined : toObject(row as unknown[])
  }
}

function planOf({ fields, joinsNotNullableMap: joined }: PreparedSelect) {
  const cells = fields.map(({ path, field }) => ({
    table: path.length === 2 ? path[0] : undefined,
    name: path.at(-1)!,
    decoder: decoderOf(field),
  }))
  const lacking = joined ? tablesThatMayLack(fields, joined) : []

  return (row: unknown[]): Values => {
    const object: Record<string, unknown> = {}
    for (const [at, value] of row.entries()) {
      const { table, name, decoder } = cells[at]!
      const part = table === undefined ? object : ((object[table] ??= {}) as Values)
      part[name] = value === null ? null : decoder.mapFromDriverValue(value)
    }
    for (const { name, first } of lacking) if (row[first] === null) object[name] = null
    return object
  }
}

/** The tables of a left join, each with its first column: where that is null, there is no row of it. */
function tablesThatMayLack(
  fields: PreparedSelect['fields'],
  joined: Readonly<Record<string, boolean>>,
): { name: string; first: number }[] {
  const columns = fields.flatMap(({ path: [name, ...rest], field }, at) =>
    is(field, Column) && rest.length === 1
      ? [{ name: name!, at, table: getTableName(field.table) }]
      : [],
  )
  return [...Map.groupBy(columns, ({ name }) => name)].flatMap(([name, [first, ...others]]) => {
    const isOne = others.every(({ table }) => table === first!.table)
    return isOne && !joined[first!.table] ? [{ name, first: first!.at }] : []
  })
}

const decoderOf = (field: PreparedSelect['fields'][number]['field']): Decoder => {
  if (is(field, Column)) return field
  return 'sql' in field ? field.sql.decoder : field.decoder
}
