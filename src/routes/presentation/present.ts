import type { Account } from '../../bridge/resources/accounts.ts'
import type { Category } from '../../bridge/resources/categories.ts'
import type { Item as BridgeItem } from '../../bridge/resources/items.ts'
import type { Provider } from '../../bridge/resources/providers.ts'
import type { Link } from '../../connect/open-link.ts'
import { bridgeVersions, type Presentation } from '../../db/ports/keys.ts'
import type { Item } from '../../db/ports/items.ts'
import { ValidationError } from '../../errors.ts'
import type { JsonBytes } from '../../json-bytes.ts'
import { toV2021Account, type V2021Account } from './account.ts'
import { toV2021Bank, type V2021Bank } from './bank.ts'
import { toV2021Category, type V2021Category } from './category.ts'
import { toV2021Item, withoutNulls, type V2021Item } from './item.ts'
import { toV2021Transaction, type NamedTransaction, type V2021Transaction } from './transaction.ts'

/** A list, bare or in the envelope. */
export type Listed<Row> = Row[] | { resources: Row[]; pagination: object }

/** How one caller wants its answers: each function takes Bridge's object as of 2025-01-15. Pure. */
export interface Present extends Presentation {
  /** A complete list: an array, or the envelope Bridge gives its own lists, which then says that nothing follows. */
  list<Row, Shown>(rows: readonly Row[], as: (row: Row) => Shown): Listed<Shown>
  /** The same for rows that are JSON already. */
  written(rows: JsonBytes): JsonBytes
  /** Accounts of that item. */
  account(item: Item): (account: Account) => Account | V2021Account
  transaction(row: NamedTransaction): NamedTransaction | V2021Transaction
  item(item: BridgeItem): BridgeItem | V2021Item
  bank(provider: Provider): Provider | V2021Bank
  category(category: Category): Category | V2021Category
  link(link: Link): Link | string
}

const asItIs = <Row>(row: Row): Row => row

const objects = {
  '2025-01-15': {
    account: () => asItIs,
    transaction: asItIs,
    item: withoutNulls,
    bank: asItIs,
    category: asItIs,
  },
  '2021-06-01': {
    account: (item: Item) => (account: Account) => toV2021Account(account, item),
    transaction: toV2021Transaction,
    item: toV2021Item,
    bank: toV2021Bank,
    category: (category: Category) => toV2021Category(category),
  },
} satisfies Record<
  Presentation['bridgeVersion'],
  Omit<Present, keyof Presentation | 'list' | 'written' | 'link'>
>

/** The last page of a list, in the words of each version (Bridge: pagination). */
const lastPage = {
  '2025-01-15': {},
  '2021-06-01': { previous_uri: null, next_uri: null },
}

/** The functions for a presentation. */
export const createPresent = ({ bridgeVersion, lists, links }: Presentation): Present => ({
  bridgeVersion,
  lists,
  links,
  ...objects[bridgeVersion],
  list(rows, as) {
    const resources = rows.map((row) => as(row))
    return lists === 'array' ? resources : { resources, pagination: lastPage[bridgeVersion] }
  },
  written(rows) {
    if (lists === 'array') return rows
    const pagination = JSON.stringify(lastPage[bridgeVersion])
    return rows.within('{"resources":', `,"pagination":${pagination}}`)
  },
  link: (link) => (links === 'object' ? link : link.url),
})

/** The key's presentation, in the version a `Bridge-Version` header asks for. Throws a ValidationError for any other. */
export function presentationFor(
  presentation: Presentation,
  header: string | string[] | undefined,
): Presentation {
  if (header === undefined) return presentation
  const bridgeVersion = bridgeVersions.find((version) => version === header)
  if (bridgeVersion) return { ...presentation, bridgeVersion }
  const [first, second] = bridgeVersions
  throw new ValidationError('bridge_version_invalid', { first, second })
}
