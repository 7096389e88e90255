import { z } from 'zod'
import { codes } from './codes.ts'
import { exitCodeOf, type Finding } from './finding.ts'

/** What `doctor --json` prints: keys and codes stay, words change. */
export const report = z.array(
  z.strictObject({
    code: z.enum(codes),
    /** What was looked at, as people read it. */
    check: z.string(),
    level: z.enum(['ok', 'warning', 'critical']),
    says: z.string(),
    /** What to do: of all that is not `ok`. */
    do: z.string().optional(),
    /** The command that does it, or shows more. */
    run: z.string().optional(),
    tenant: z.string().optional(),
    site: z.string().optional(),
  }),
)

/** The same findings in the form that programs read. */
export const toReport = (findings: readonly Finding[]): z.output<typeof report> =>
  findings.map(({ code, check, level, message, remedy, run, of }) => ({
    code,
    check,
    level,
    says: message,
    ...(remedy !== undefined && { do: remedy }),
    ...(run !== undefined && { run }),
    ...of,
  }))

/** How many findings of what there are hundreds of are shown: sites, keys, connections. */
const shownOfKind = 20

const rank = { critical: 0, warning: 1, ok: 2 }

/** The worst of each kind of which there are many, and how many more there are. */
export function worstOf(findings: readonly Finding[]): Finding[] {
  const kinds = Map.groupBy(findings, ({ code }) => code.split('.')[0] ?? code)
  return [...kinds.values()].flatMap((all) => {
    if (all.length <= shownOfKind) return all
    const worst = all.toSorted((a, b) => rank[a.level] - rank[b.level])
    return [...worst.slice(0, shownOfKind), leftOut(worst.slice(shownOfKind))]
  })
}

function leftOut(rest: readonly Finding[]): Finding {
  const count = (level: Finding['level']) => rest.filter((one) => one.level === level).length
  const counts = {
    critical: count('critical'),
    'with a warning': count('warning'),
    well: count('ok'),
  }
  const told = Object.entries(counts).flatMap(([word, many]) =>
    many > 0 ? [`${many} ${word}`] : [],
  )
  const kind = rest[0]?.code.split('.')[0]?.replaceAll('_', ' ') ?? ''
  const isBad = exitCodeOf(rest) > 0
  return {
    code: 'more.left_out',
    check: kind,
    level: rest[0]?.level ?? 'ok',
    message: `${rest.length} more: ${told.join(', ')}`,
    ...(isBad && { remedy: 'Mend those above: then these are shown.' }),
  }
}
