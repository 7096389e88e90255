import { z } from 'zod'
import type { Forms } from '../../frappe/define-method.ts'
import type { Listed, Present } from './present.ts'

type Schema<Answer> = z.ZodType<unknown, Answer>

/** An answer in the forms that a key may ask for. */
type Presented<Answer> = Forms<{ present: Present }, Answer>

/** One object, as Bridge 2025-01-15 or 2021-06-01 has it. */
export const objectOf = <Now, Old>(now: Schema<Now>, old: Schema<Old>): Presented<Now | Old> => ({
  usual: now,
  older: old,
  wanted: ({ present: { bridgeVersion } }) => (bridgeVersion === '2025-01-15' ? now : old),
})

/** A complete list of such objects: bare, or in the envelope that Bridge gives its own. */
export const listOf = <Now, Old>(
  now: Schema<Now>,
  old: Schema<Old>,
): Presented<Listed<Now | Old>> => ({
  usual: z.array(now),
  older: z.array(old),
  wanted({ present: { bridgeVersion, lists } }) {
    const [row, pagination] = bridgeVersion === '2025-01-15' ? [now, noPages] : [old, v2021NoPages]
    const rows: Schema<(Now | Old)[]> = z.array(row)
    return lists === 'array' ? rows : z.strictObject({ resources: rows, pagination })
  },
})

/** One such object, or the complete list. */
export function oneOrAll<Now, Old>(
  now: Schema<Now>,
  old: Schema<Old>,
): Presented<Now | Old | Listed<Now | Old>> {
  const [one, all] = [objectOf(now, old), listOf(now, old)]
  return {
    usual: z.union([one.usual, all.usual]),
    older: z.union([old, z.array(old)]),
    wanted: (context) => z.union([one.wanted(context), all.wanted(context)]),
  }
}

/** The pagination of a list's last page, in the words of each version (Bridge: pagination). */
const noPages = z.strictObject({})
const v2021NoPages = z.strictObject({ previous_uri: z.null(), next_uri: z.null() })

const linkObject = z.strictObject({
  redirect_url: z
    .url()
    .describe(
      'Where the user connects the bank: send them there at once. A secret, good for a day at most.',
    ),
  url: z.url().describe('The same address.'),
  request: z.string().describe('The connect request: ask get_bridge_item_id what became of it.'),
  existing_item_id: z
    .int()
    .optional()
    .describe('That user of that site has a living item at the same bank already.'),
})

/** What every link method answers: the link with its request, or the bare address. */
export const link: Presented<z.input<typeof linkObject> | string> = {
  usual: linkObject.meta({ id: 'Link' }),
  wanted: ({ present: { links } }) => (links === 'object' ? linkObject : z.url()),
}
