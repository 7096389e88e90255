import type { AccountTypes } from './state.ts'
import type { Switches } from './switches.ts'

interface AccountKind {
  type: 'checking' | 'card' | 'savings' | 'brokerage' | 'loan'
  name: string
  pro: boolean
  /** Least and most the account holds at first, in cents. */
  opening: readonly [number, number]
  /** Transactions a day. */
  pace: number
  iban: boolean
}

const kind = (
  type: AccountKind['type'],
  name: string,
  pace: number,
  opening: readonly [number, number],
  pro = false,
): AccountKind => ({
  type,
  name,
  pro,
  opening,
  pace,
  iban: type === 'checking' || type === 'savings',
})

/** The twelve accounts of a Demo Bank item (Bridge, "Test the Bridge Connect"), cards and checking first. */
export const accountKinds: readonly AccountKind[] = [
  kind('checking', 'Compte courant', 4.6, [80_000, 420_000]),
  kind('checking', 'Compte joint', 3, [120_000, 360_000]),
  kind('checking', 'Compte professionnel', 3.5, [900_000, 4_800_000], true),
  kind('checking', 'Compte courant secondaire', 0.9, [5_000, 90_000]),
  kind('card', 'Carte à débit différé Premier', 2, [0, 0]),
  kind('card', 'Carte affaires à débit différé', 1.4, [0, 0], true),
  kind('savings', 'Livret A', 0.15, [300_000, 1_900_000]),
  kind('brokerage', 'Compte-titres', 0.12, [800_000, 4_000_000]),
  kind('brokerage', 'PEA', 0.12, [500_000, 6_000_000]),
  kind('brokerage', 'PEA-PME', 0.12, [100_000, 900_000]),
  kind('loan', 'Prêt immobilier', 0, [-21_000_000, -9_000_000]),
  kind('loan', 'Prêt auto', 0, [-1_800_000, -600_000]),
]

const paymentAccounts = 6
const withheld = 1

/** Positions of the accounts an item has. */
export function sharedAccounts(types: AccountTypes): number[] {
  return [...accountKinds.keys()].slice(0, types === 'payment' ? paymentAccounts : undefined)
}

/** Whether an item of `account_types: payment` has this account too. */
export const isPaymentAccount = (position: number): boolean => position < paymentAccounts

/** Whether the user keeps this account to themselves. */
export const isWithheld = (position: number, set: Switches): boolean =>
  set.accountAccess === 'oneWithheld' && position === withheld

/** Sixteen ids an item, so that an account's id tells its item and its position. */
export const accountId = (itemId: number, position: number): number => itemId * 16 + position
/** The item an account's id belongs to, whether or not there is one. */
export const itemOfAccount = (id: number): number => Math.floor(id / 16)
/** The account's place among the twelve. */
export const positionOf = (id: number): number => id % 16
