import type { Item, ItemNote } from '../ports/items.ts'

/** Its status was looked at, and since when its site is asked for something. */
export const statusTold = (
  { status, toldStatus }: Pick<Item, 'status' | 'toldStatus'>,
  helpAskedAt: number | null,
): ItemNote => ({ seen: { status, toldStatus }, change: { toldStatus: status, helpAskedAt } })

/** Its site is told that no success came, once until the next one. */
export const staleTold = ({ staleDueAt }: Pick<Item, 'staleDueAt'>): ItemNote => ({
  seen: { staleDueAt },
  change: { staleDueAt: null },
})

/** Its site is reminded so many days before the end of the consent. */
export const reminded = (
  {
    authenticationExpiresAt,
    remindedOf,
    remindedDays,
  }: Pick<Item, 'authenticationExpiresAt' | 'remindedOf' | 'remindedDays'>,
  days: number,
): ItemNote => ({
  seen: { authenticationExpiresAt, remindedOf, remindedDays, goneAt: null },
  change: { remindedOf: authenticationExpiresAt, remindedDays: days },
})

/** A mail to its user is claimed before it is sent, by one of all who try. */
export const mailClaimed = (
  {
    authenticationExpiresAt,
    mailedOf,
    mailedDays,
  }: Pick<Item, 'authenticationExpiresAt' | 'mailedOf' | 'mailedDays'>,
  days: number,
  at: number,
): ItemNote => ({
  seen: { authenticationExpiresAt, mailedOf, mailedDays, goneAt: null },
  change: { mailedOf: authenticationExpiresAt, mailedDays: days, mailedAt: at, mailEnd: null },
})

/** The mail that was claimed then is given back, for the server did not take it: it is due again after a pause. */
export const mailGivenBack = (at: number): ItemNote => ({
  seen: { mailedAt: at, mailEnd: null },
  change: { mailedOf: null, mailedDays: null, mailedAt: null, mailDeferredAt: at },
})

/** Bridge answered 404 for it. */
export const notFound = (at: number): ItemNote => ({
  seen: { unreachableAt: null },
  change: { unreachableAt: at },
})
