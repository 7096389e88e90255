import type { AuditEntry } from './audit.ts'
import type { NewEvent } from './events.ts'
import type { Item } from './items.ts'

/** An account as it is compared: never its IBAN. */
export interface KnownAccount {
  id: number
  ibanFingerprint: Buffer | null
  createdAt: number
}

/** An account that came in the place of another one: the same user's, with the same IBAN, whose connection is no more. */
export interface Replacement {
  accountId: number
  itemId: number
  replacedAccountId: number
  replacedItemId: number
  /** Until when Bridge had read the bank for the one before; null when that is not known. */
  dataUntil: number | null
}

export interface AccountStore {
  /** Of these accounts, the ids of those of which `keepAccounts` might write something, and what is known to be replaced. */
  lookAtAccounts(
    accounts: readonly { id: number; itemId: number; hasIban: boolean }[],
  ): Promise<{ news: number[]; replacements: Replacement[] }>
  /**
   * Remembers whose the accounts are; accounts of items we do not hold are left alone. Writes only what is new: a
   * fingerprint that is known stays until a comparison ends. With `returning`, those of the user's items get their
   * `ownerPrint`, and what thereby replaces an account is noted, once, with the event that tells the site.
   */
  keepAccounts(
    accounts: readonly {
      id: number
      itemId: number
      ibanFingerprint?: Buffer | null
      ownerPrint?: Buffer | null
    }[],
    at: number,
    returning?: { userId: string; announce(replacement: Replacement): NewEvent },
  ): Promise<Replacement[]>
  listAccounts(itemId: number): Promise<KnownAccount[]>
  /**
   * Ends a comparison: the accounts are from now on those given, of those that left the IBAN is forgotten, and what was found
   * is told. An IBAN that Bridge withholds for now is still the one we knew, if we knew it of this item. False when another
   * visit ended meanwhile: nothing is stored.
   */
  settleComparison(
    item: Pick<Item, 'id' | 'compareFrom'>,
    accounts: readonly { id: number; ibanFingerprint: Buffer | null }[],
    finding: { event: NewEvent; audit: AuditEntry } | null,
    at: number,
  ): Promise<boolean>
}
