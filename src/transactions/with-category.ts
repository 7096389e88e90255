import { toText } from '../bridge/fields.ts'
import { childrenOf, type Category } from '../bridge/resources/categories.ts'
import type { Transaction } from '../bridge/resources/transactions.ts'

/** Category names by id, parents and children alike. */
export function namesOf(tree: readonly Category[]): ReadonlyMap<number, string> {
  const names = new Map<number, string>()
  for (const parent of tree) {
    for (const { id, name } of [parent, ...childrenOf(parent)]) {
      const text = toText(name)
      if (text) names.set(id, text)
    }
  }
  return names
}

/** Names each transaction's category; null where Bridge gave none or we do not know it. */
export const withCategory = (
  rows: readonly Transaction[],
  names: ReadonlyMap<number, string>,
): (Transaction & { category: string | null })[] =>
  rows.map((row) => ({ ...row, category: names.get(row.category_id as number) ?? null }))
