import type { KnownAccount } from '../ports/accounts.ts'

type Fingerprinted = Pick<KnownAccount, 'id' | 'ibanFingerprint'>

/**
 * Whether an account tells what we do not know: we have none of that id under its item, or not its IBAN, or another one of
 * its IBAN is no more. The fingerprint of what is being compared is left alone.
 */
export const isAccountNews = (
  known:
    | { hasIban: boolean; hasPrint: boolean; mayReplace: boolean; compareFrom: number | null }
    | undefined,
  { hasIban }: { hasIban: boolean },
): boolean =>
  !known ||
  (hasIban && !known.hasPrint) ||
  (hasIban && !known.hasIban && known.compareFrom === null) ||
  known.mayReplace

/**
 * The fingerprint an account keeps: the one that is known stays, unless the account was another item's until now. While its
 * item is compared none is added.
 */
export const keptFingerprint = (
  known: { itemId: number; ibanFingerprint: Buffer | null } | undefined,
  { itemId, ibanFingerprint = null }: { itemId: number; ibanFingerprint?: Buffer | null },
  { isCompared }: { isCompared: boolean },
): Buffer | null => {
  if (known?.itemId !== itemId) return ibanFingerprint
  return known.ibanFingerprint ?? (isCompared ? null : ibanFingerprint)
}

/**
 * What is known of an item's accounts once they were compared: the accounts there now, and those whose IBAN is forgotten,
 * for they left. An IBAN that Bridge withholds for now is still the one we knew, if we knew it of this item.
 */
export function comparedAccounts(
  itemId: number,
  known: readonly (Fingerprinted & { itemId: number })[],
  present: readonly Fingerprinted[],
): { kept: Fingerprinted[]; left: number[] } {
  const its = known.filter((account) => account.itemId === itemId)
  const before = new Map(its.map(({ id, ibanFingerprint }) => [id, ibanFingerprint]))
  const there = new Set(present.map(({ id }) => id))
  return {
    kept: present.map(({ id, ibanFingerprint }) => ({
      id,
      ibanFingerprint: ibanFingerprint ?? before.get(id) ?? null,
    })),
    left: known.filter(({ id }) => !there.has(id)).map(({ id }) => id),
  }
}
