import { CsvError, parse } from 'csv-parse/sync'
import { z } from 'zod'
import { foldName, isName } from '../names.ts'

const nameRule = 'expected a name without control or invisible characters'
const lost = 'has a letter that was lost (\uFFFD): export the file anew, as UTF-8'
const isWhole = (text: string): boolean => !text.includes('\uFFFD')

/** A user of a former Bank API, and who that is at Bridge. An empty user is the site's default one. */
const mapping = z.object({
  site: z
    .string()
    .trim()
    .min(1, 'is missing')
    .refine((text) => text === '' || isName(text), nameRule)
    .refine(isWhole, lost),
  user: z
    .string()
    .trim()
    .refine((text) => text === '' || isName(text), nameRule)
    .refine(isWhole, lost)
    .nullish()
    .transform((text) => text ?? ''),
  user_uuid: z.uuid('must be a uuid').toLowerCase(),
})
export type Mapping = z.output<typeof mapping>

/**
 * Reads mappings from CSV with a header, or from a JSON list; other columns are ignored. Every problem is named with its
 * line, one user named twice too.
 */
export function readMappings(text: string): { mappings: Mapping[]; problems: string[] } {
  const bare = text.replace(/^\uFEFF/, '')
  const { rows, problem } = /^\s*[[{]/.test(bare) ? readJson(bare) : readCsv(bare)
  const mappings: Mapping[] = []
  const problems: string[] = problem === undefined ? [] : [problem]
  const seen = new Map<string, number>()
  if (rows.length === 0 && problem === undefined) problems.push('The file holds no mapping')
  for (const { line, row } of rows) {
    const parsed = mapping.safeParse(row)
    if (!parsed.success) {
      problems.push(
        ...parsed.error.issues.map(
          ({ path, message }) => `line ${line}: ${path.join('.')} ${message}`,
        ),
      )
      continue
    }
    const { site, user, user_uuid: uuid } = parsed.data
    for (const name of [`user ${foldName(site)}\0${foldName(user)}`, `uuid ${uuid}`]) {
      const first = seen.get(name)
      if (first !== undefined)
        problems.push(`line ${line}: the same ${name.slice(0, 4)} as line ${first}`)
      seen.set(name, first ?? line)
    }
    mappings.push(parsed.data)
  }
  return { mappings, problems }
}

interface Row {
  line: number
  row: unknown
}

interface Read {
  rows: Row[]
  /** Why there are none. */
  problem?: string
}

/** An element's place in the list counts as its line. */
function readJson(text: string): Read {
  try {
    const list = z.array(z.unknown()).parse(JSON.parse(text))
    return { rows: list.map((row, index) => ({ line: index + 1, row })) }
  } catch {
    return { rows: [], problem: 'The file is not a JSON list' }
  }
}

/** A row's first line counts. Spreadsheets part cells by what is usual in their country, and may say by what on a line of its own. */
function readCsv(text: string): Read {
  const [said, declared] = /^sep=(.)\r?\n/i.exec(text) ?? []
  // One kind of line break, or those inside of cells are counted twice.
  const table = text.slice(said?.length ?? 0).replaceAll(/\r\n?/g, '\n')
  const above = said === undefined ? 0 : 1
  try {
    const [header, ...records] = parse(table, {
      delimiter: declared ?? usualDelimiter(table),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as { record: string[]; info: { lines: number } }[]
    if (!header) return { rows: [] }
    const names = header.record.map((name) => name.toLowerCase())
    const missing = ['site', 'user_uuid'].filter((name) => !names.includes(name))
    if (missing.length > 0) {
      return { rows: [], problem: `The header has no column ${missing.join(', and none ')}` }
    }
    const rows = records.map(({ record, info }) => ({
      line: above + info.lines - (record.join('').match(/\n/g)?.length ?? 0),
      row: Object.fromEntries(names.map((name, at) => [name, record[at]])),
    }))
    return { rows: rows.filter(({ row }) => Object.values(row).some((cell) => cell)) }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const { lines } = error as CsvError & { lines?: number }
    return {
      rows: [],
      problem: `line ${above + (lines ?? 1)}: ${tellings[error.code] ?? error.message}`,
    }
  }
}

const tellings: Record<string, string> = {
  CSV_QUOTE_NOT_CLOSED: 'a quotation mark before it is never closed',
  CSV_INVALID_CLOSING_QUOTE: 'text stands behind a cell in quotes',
}

/** What parts the cells of the header, where nothing says so. */
function usualDelimiter(text: string): string {
  const [header = ''] = text.trimStart().split('\n', 1)
  const by = (delimiter: string): number => header.split(delimiter).length
  return [',', ';', '\t'].toSorted((a, b) => by(b) - by(a))[0]!
}
