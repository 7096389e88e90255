import { JsonBytes } from '../json-bytes.ts'

/** Rows of a list as they are written into the answer: each id once, as Bridge gave it last. */
interface RowList {
  /** Takes one page and answers how many bytes it came to. The rows themselves are kept no longer than that. */
  add(rows: readonly { id: number; json: string }[]): number
  /** How many ids there are. */
  readonly size: number
  /** All of it, as a JSON array. */
  bytes(): JsonBytes
}

interface Page {
  bytes: Buffer
  /** Where each row ends. */
  ends: number[]
}

const comma = 1 // before each row; the first one's is left out in the end

export function createRowList(): RowList {
  const pages: Page[] = []
  /** The number of the row, counted over all pages, that holds an id. */
  const rowOf = new Map<number, number>()
  const outdated = new Set<number>()
  let count = 0

  function* kept(): Generator<Buffer> {
    let row = 0
    for (const { bytes, ends } of pages) {
      let from = 0
      for (const [index, end] of ends.entries()) {
        if (outdated.has(row)) {
          yield bytes.subarray(from, index === 0 ? 0 : ends[index - 1])
          from = end
        }
        row += 1
      }
      yield bytes.subarray(from)
    }
  }

  return {
    add(rows) {
      const ends: number[] = []
      let length = 0
      for (const { id, json } of rows) {
        const earlier = rowOf.get(id)
        if (earlier !== undefined) outdated.add(earlier)
        rowOf.set(id, count)
        count += 1
        length += Buffer.byteLength(json) + comma
        ends.push(length)
      }
      pages.push({ bytes: Buffer.from(rows.map(({ json }) => `,${json}`).join('')), ends })
      return length
    },
    get size() {
      return rowOf.size
    },
    bytes() {
      const [first, ...others] = [...kept()].filter(({ length }) => length > 0)
      return new JsonBytes(first ? [first.subarray(comma), ...others] : []).within('[', ']')
    },
  }
}
