import type { Replacement } from '../ports/accounts.ts'

/** An account of a user with what tells its IBAN. */
export interface Printed {
  id: number
  itemId: number
  userId: string
  ownerPrint: Buffer
}

/** An account of a user that has the IBAN of another one. */
export interface Alike {
  accountId: number
  itemId: number
  /** Whether its connection is there and can be reached. */
  isLiving: boolean
  dataUntil: number | null
}

/**
 * Which account another one came back as, given all others of its user and IBAN. People share accounts, and one IBAN may
 * have an account for each currency: so only where there is exactly one other, and its connection is no more.
 */
export const replacedAmong = (others: readonly Alike[]): Alike | undefined =>
  others.length === 1 && !others[0]?.isLiving ? others[0] : undefined

/** What an account's row says of the one it replaced. */
export const toReplacement = (row: {
  id: number
  itemId: number
  replacedAccountId: number | null
  replacedItemId: number | null
  dataUntil: number | null
}): Replacement | undefined => {
  const { id: accountId, itemId, replacedAccountId, replacedItemId, dataUntil } = row
  if (replacedAccountId === null || replacedItemId === null) return undefined
  return { accountId, itemId, replacedAccountId, replacedItemId, dataUntil }
}
