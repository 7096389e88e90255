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
