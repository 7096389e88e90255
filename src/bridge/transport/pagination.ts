import { z } from 'zod'
import { pageSize } from '../../bridge-bounds.ts'
import { BridgeSchemaError } from '../bridge-errors.ts'

/**
 * A page of `row`s. `resources` must be there; what follows the last page is said in four ways. One with far more rows than
 * Bridge gives is refused before any row is looked at: zod takes half a kilobyte and a moment for each that is none.
 */
export const pageOf = <Row extends z.ZodType>(row: Row) =>
  z.looseObject({
    resources: z.unknown().refine(isOfAPage).pipe(z.array(row)),
    pagination: z.looseObject({ next_uri: z.string().nullish() }).nullish(),
  })
export type PageSchema<Row> = z.ZodType<Page<Row>>

export interface Page<Row> {
  resources: Row[]
  pagination?: { next_uri?: string | null | undefined } | null | undefined
}

const isOfAPage = (rows: unknown): boolean => !Array.isArray(rows) || rows.length <= 2 * pageSize

/**
 * The pages of a list until Bridge names no next one. `read` gets the path and query to ask for,
 * undefined at first. Throws `BridgeSchemaError` when the pages loop, leave Bridge's origin or are
 * more than `most`.
 */
export async function* walkPages<Row>(
  read: (target: string | undefined) => Promise<Page<Row>>,
  { origin, route, most }: { origin: string; route: string; most: number },
): AsyncGenerator<Row[], void, undefined> {
  const asked = new Set<string>()
  let target: string | undefined
  for (let count = 0; count < most; count += 1) {
    const page = await read(target)
    yield page.resources
    target = nextTarget(page, origin, route)
    if (target === undefined) return
    if (asked.has(target)) throw new BridgeSchemaError(`GET ${route}: the pages loop`)
    asked.add(target)
  }
  throw new BridgeSchemaError(`GET ${route}: more than ${most} pages`)
}

/**
 * The path and query of the next page, or undefined after the last. Bridge's `next_uri` has no host;
 * one of another host throws `BridgeSchemaError`.
 */
function nextTarget(
  { pagination }: Page<unknown>,
  origin: string,
  route: string,
): string | undefined {
  const uri = pagination?.next_uri
  // The text "null" has been seen at the end of a list.
  if (uri === undefined || uri === null || uri === '' || uri === 'null') return undefined
  const next = URL.parse(uri, origin)
  if (next?.origin !== origin) throw new BridgeSchemaError(`GET ${route}: next_uri leaves Bridge`)
  return `${next.pathname}${next.search}`
}
