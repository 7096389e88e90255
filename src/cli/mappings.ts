import { z } from 'zod'
import { foldName, isName, nameRule } from '../names.ts'

/** A user of a former Bank API, and who that is at Bridge. An empty user is the site's default one. */
export const mapping = z.object({
  site: z
    .string()
    .trim()
    .min(1, 'is missing')
    .refine((text) => text === '' || isName(text), nameRule),
  user: z
    .string()
    .trim()
    .refine((text) => text === '' || isName(text), nameRule)
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
  const bare = text.replace(/^\uFEFF/, '').trimStart()
  const rows = /^[[{]/.test(bare) ? readJson(bare) : readCsv(bare)
  if (!rows) return { mappings: [], problems: ['The file is not a JSON list'] }
  const mappings: Mapping[] = []
  const problems: string[] = []
  const seen = new Map<string, number>()
  if (rows.length === 0) problems.push('The file holds no mapping')
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

/** An element's place in the list counts as its line. */
function readJson(text: string): Row[] | undefined {
  try {
    const list = z.array(z.unknown()).parse(JSON.parse(text))
    return list.map((row, index) => ({ line: index + 1, row }))
  } catch {
    return undefined
  }
}

function readCsv(text: string): Row[] {
  const [header = '', ...lines] = text.split(/\r?\n/)
  const names = cells(header).map((name) => name.trim())
  return lines.flatMap((line, index) => {
    if (line.trim() === '') return []
    const values = cells(line)
    return [
      { line: index + 2, row: Object.fromEntries(names.map((name, at) => [name, values[at]])) },
    ]
  })
}

/** One line of CSV: cells may be quoted, a quote in one is doubled (RFC 4180). */
function cells(line: string): string[] {
  return [...`,${line}`.matchAll(/[,;](?:"((?:[^"]|"")*)"|([^,;]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? '',
  )
}
