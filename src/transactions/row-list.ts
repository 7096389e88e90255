import { setImmediate as turn } from 'node:timers/promises'
import { JsonBytes } from '../json-bytes.ts'

/** Rows of a list as they are written into the answer: each id once, as Bridge gave it last. */
export interface RowList {
  /** Takes one page and answers how many bytes it came to. The rows themselves are kept no longer than that. */
  add(rows: readonly Row[]): number
  /** How many ids there are. */
  readonly size: number
  /** All of it, as a JSON array. */
  bytes(): Promise<JsonBytes>
}

interface Row {
  id: number
}

interface Page {
  /** The number of its first row, counted over all pages. */
  first: number
  bytes: Buffer
  /** Some of its rows came again later. */
  isOutdated: boolean
}

const comma = 1 // before each row; the first one's is left out in the end

export function createRowList(): RowList {
  const pages: Page[] = []
  /** The number of the row that holds an id. */
  const rowOf = new Map<number, number>()
  let count = 0

  /** The page is read anew for that: pages hardly ever overlap, and where each row ends would have to be found for all. */
  function withoutOutdated({ first, bytes }: Page): Buffer {
    const rows = JSON.parse(`[${bytes.toString('utf8', comma)}]`) as Row[]
    return toBytes(rows.filter(({ id }, index) => rowOf.get(id) === first + index))
  }

  return {
    add(rows) {
      const bytes = toBytes(rows)
      pages.push({ first: count, bytes, isOutdated: false })
      for (const { id } of rows) {
        const earlier = rowOf.get(id)
        if (earlier !== undefined) {
          pages.findLast(({ first }) => first <= earlier)!.isOutdated = true
        }
        rowOf.set(id, count)
        count += 1
      }
      return bytes.length
    },
    get size() {
      return rowOf.size
    },
    async bytes() {
      for (const page of pages.filter(({ isOutdated }) => isOutdated)) {
        page.bytes = withoutOutdated(page)
        page.isOutdated = false
        await turn() // others have theirs between two such pages
      }
      const kept = pages.map(({ bytes }) => bytes)
      const [first, ...others] = kept.filter(({ length }) => length > 0)
      return new JsonBytes(first ? [first.subarray(comma), ...others] : []).within('[', ']')
    },
  }
}

/** The rows as JSON, a comma before each: as an array is written, but for its brackets. */
function toBytes(rows: readonly Row[]): Buffer {
  if (rows.length === 0) return Buffer.alloc(0)
  const array = Buffer.from(JSON.stringify(rows))
  array.write(',') // in the place of the bracket; another text of a whole page would be so much more memory
  return array.subarray(0, -1)
}
