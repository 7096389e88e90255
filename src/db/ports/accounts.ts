import type { AuditEntry } from './audit.ts'
import type { NewEvent } from './events.ts'
import type { Item, OwnedItem } from './items.ts'
import type { Scope } from '../scope.ts'

/** An account as it is compared: never its IBAN. */
export interface KnownAccount {
  id: number
  ibanFingerprint: Buffer | null
  createdAt: number
}

export interface AccountStore {
  findAccount(scope: Scope, accountId: number): Promise<OwnedItem | undefined>
  /** Of these accounts, the ids of those of which `keepAccounts` would write something. */
  listNewAccounts(
    accounts: readonly { id: number; itemId: number; hasIban: boolean }[],
  ): Promise<number[]>
  /**
   * Remembers whose the accounts are; accounts of items we do not hold are left alone. Writes only what is new: a
   * fingerprint that is known stays until a comparison ends.
   */
  keepAccounts(
    accounts: readonly { id: number; itemId: number; ibanFingerprint?: Buffer | null }[],
    at: number,
  ): Promise<void>
  listAccounts(itemId: number): Promise<KnownAccount[]>
  /** Items whose accounts are to be compared with those from before a visit. */
  listComparisons(limit: number): Promise<OwnedItem[]>
  /**
   * Ends a comparison: the accounts are from now on those given, and what was found is told. False when another visit began
   * meanwhile: nothing is stored.
   */
  settleComparison(
    item: Pick<Item, 'id' | 'compareFrom'>,
    accounts: readonly { id: number; ibanFingerprint: Buffer | null }[],
    finding: { event: NewEvent; audit: AuditEntry } | null,
    at: number,
  ): Promise<boolean>
}
