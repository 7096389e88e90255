import type { Account } from '../../bridge/resources/accounts.ts'
import type { Category } from '../../bridge/resources/categories.ts'
import type { Item as BridgeItem } from '../../bridge/resources/items.ts'
import type { Provider } from '../../bridge/resources/providers.ts'
import type { Link } from '../../connect/open-link.ts'
import { bridgeVersions, type Presentation } from '../../db/ports/keys.ts'
import type { Item } from '../../db/ports/items.ts'
import { ValidationError } from '../../errors.ts'
import type { JsonBytes } from '../../json-bytes.ts'
import { toV2021Account } from './account.ts'
import { toV2021Bank } from './bank.ts'
import { toV2021Category } from './category.ts'
import { toV2021Item, withoutNulls } from './item.ts'
import { toV2021Transaction, type NamedTransaction } from './transaction.ts'

/** How one caller wants its answers: each function takes Bridge's object as of 2025-01-15. Pure. */
export interface Present {
  /** The version of Bridge's that its objects have. */
  bridgeVersion: Presentation['bridgeVersion']
  /** A complete list: an array, or the envelope Bridge gives its own lists, which then says that nothing follows. */
  list<Row>(rows: readonly Row[], as: (row: Row) => object): object
  /** The same for rows that are JSON already. */
  written(rows: JsonBytes): JsonBytes
  /** Accounts of that item. */
  account(item: Item): (account: Account) => object
  transaction(row: NamedTransaction): object
  item(item: BridgeItem): object
  bank(provider: Provider): object
  category(category: Category): object
  link(link: Link): Link | string
}

const asItIs = (row: object): object => row

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
  Omit<Present, 'bridgeVersion' | 'list' | 'written' | 'link'>
>

/** The last page of a list, in the words of each version (Bridge: pagination). */
const lastPage = {
  '2025-01-15': {},
  '2021-06-01': { previous_uri: null, next_uri: null },
}

/** The functions for a presentation. */
export const createPresent = ({ bridgeVersion, lists, links }: Presentation): Present => ({
  bridgeVersion,
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
  throw new ValidationError(`Bridge-Version is ${first} or ${second}`)
}
