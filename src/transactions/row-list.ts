import { JsonBytes } from '../json-bytes.ts'

/** Rows of a list as the answer has them: each id once, where and as Bridge gave it last. */
interface RowList {
  /** Takes one page, and the id of each of its rows. Answers how many bytes it came to; the rows themselves are not kept. */
  add(rows: readonly object[], ids: readonly number[]): number
  /** How many ids there are. */
  readonly size: number
  /** All of it, as a JSON array. */
  bytes(): JsonBytes
}

/** Its rows as JSON between commas, and where in the whole list it begins. */
interface Page {
  json: Buffer
  ids: readonly number[]
  from: number
}

export function createRowList(): RowList {
  const pages: Page[] = []
  /** The number of the row, counted over all pages, that holds an id. */
  const rowOf = new Map<number, number>()
  let count = 0

  /** What is written of a page: most hold nothing that came again, so the rows are read back only of those that do. */
  function written({ json, ids, from }: Page): Buffer {
    const isLast = (index: number): boolean => rowOf.get(ids[index]!) === from + index
    if (ids.every((_, index) => isLast(index))) return json
    const rows = JSON.parse(`[${json.toString()}]`) as object[]
    return between(rows.filter((_, index) => isLast(index)))
  }

  return {
    add(rows, ids) {
      const page = { json: between(rows), ids, from: count }
      for (const id of ids) {
        rowOf.set(id, count)
        count += 1
      }
      pages.push(page)
      return page.json.length + comma.length
    },
    get size() {
      return rowOf.size
    },
    bytes() {
      const filled = pages.map(written).filter(({ length }) => length > 0)
      const pieces = filled.flatMap((json, index) => (index === 0 ? [json] : [comma, json]))
      return new JsonBytes(pieces).within('[', ']')
    },
  }
}

const comma = Buffer.from(',')

const between = (rows: readonly object[]): Buffer =>
  Buffer.from(JSON.stringify(rows)).subarray('['.length, -']'.length)
