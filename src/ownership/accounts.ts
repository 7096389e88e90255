import { toText } from '../bridge/fields.ts'
import type { Account } from '../bridge/resources/accounts.ts'
import type { Replacement } from '../db/ports/accounts.ts'
import type { NewEvent } from '../db/ports/events.ts'
import type { OwnedItem } from '../db/ports/items.ts'
import type { BridgeUser, SiteUser } from '../db/ports/users.ts'
import type { Keyring } from '../vault/keyring.ts'
import { sealOwnEvent, type OwnEventDeps } from '../vault/seal-own-event.ts'
import { markIfMissing } from './gone-items.ts'
import type { OwnershipDeps } from './item-list.ts'

/** An item's accounts as Bridge lists them, remembered as its own, and which of them came back under another id. */
export async function readAccounts(
  deps: OwnershipDeps,
  held: OwnedItem & { bridgeUser: string },
): Promise<{ accounts: Account[]; replacements: Replacement[] }> {
  const list = deps.bridge.accounts.list(held.bridgeUser, { itemId: held.item.id })
  const accounts = await markIfMissing(deps, held, list)
  return { accounts, replacements: await keepAccounts(deps, held, accounts) }
}

/** The ids of an item's accounts, of which a Bridge that forgot the filter would give more. */
export async function accountsOf(
  deps: OwnershipDeps,
  held: OwnedItem & { bridgeUser: string },
): Promise<number[]> {
  const { accounts } = await readAccounts(deps, held)
  return accounts.filter((account) => account.item_id === held.item.id).map(({ id }) => id)
}

/**
 * Remembers which item each account belongs to, so that an account id alone has an owner, and tells the site of accounts
 * that came back under another id. Resolves to those that are known to. `at`: as of when they were the item's.
 */
export async function keepAccounts(
  deps: Pick<OwnershipDeps, 'store' | 'clock' | 'keyring' | 'ids'>,
  { user, site }: SiteUser,
  accounts: readonly Account[],
  at = deps.clock.now(),
): Promise<Replacement[]> {
  const { store, clock, keyring } = deps
  // Most reads find what the one before found: those cost no hashes and no commit.
  const { news, replacements } = await store.lookAtAccounts(
    accounts.map(({ id, item_id: itemId, iban }) => ({
      id,
      itemId,
      hasIban: Boolean(toText(iban)),
    })),
  )
  if (news.length === 0) return replacements
  const isFresh = new Set(news)
  const found = await store.keepAccounts(
    accounts
      .filter(({ id }) => isFresh.has(id))
      .map((account) => ({
        id: account.id,
        itemId: account.item_id,
        ibanFingerprint: fingerprintOf(keyring, account),
        ownerPrint: ownerPrintOf(keyring, user, account),
      })),
    at,
    {
      userId: user.id,
      announce: (replacement) => replacedEvent(deps, { user, site }, replacement, clock.now()),
    },
  )
  return [...replacements, ...found]
}

function replacedEvent(
  deps: OwnEventDeps,
  { user, site }: SiteUser,
  { accountId, itemId, replacedAccountId, replacedItemId, dataUntil }: Replacement,
  at: number,
): NewEvent {
  const content = {
    item_id: itemId,
    account_id: accountId,
    replaced_item_id: replacedItemId,
    replaced_account_id: replacedAccountId,
    data_until: dataUntil === null ? null : new Date(dataUntil).toISOString(),
  }
  const about = { userId: user.id, siteId: site.id, itemId }
  return sealOwnEvent(deps, { type: 'account.replaced', content, ...about }, at)
}

/** What tells whether an account of this item still has the IBAN it had, and says nothing else; null without an IBAN. */
export const fingerprintOf = (
  keyring: Keyring,
  { item_id: itemId, iban }: Account,
): Buffer | null => {
  const text = writtenAlike(iban)
  return text ? keyring.hash('iban', `${itemId}:${text}`) : null
}

/** What all accounts of a user with this IBAN have in common, and no other user's; null without an IBAN. */
const ownerPrintOf = (keyring: Keyring, user: BridgeUser, { iban }: Account): Buffer | null => {
  const text = writtenAlike(iban)
  return text ? keyring.hash('iban-of-user', `${user.id}:${text}`) : null
}

const writtenAlike = (iban: unknown): string | undefined =>
  toText(iban)?.replace(/\s/g, '').toUpperCase()
