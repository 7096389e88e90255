import type { Receipt } from '../ports/removals.ts'

/** A deletion that removed nothing yet. */
export const nothingYet: Receipt = {
  bridge_items: 0,
  bridge_users: 0,
  items: 0,
  accounts: 0,
  users: 0,
  requests: 0,
  events: 0,
  deliveries: 0,
  keys: 0,
  sites: 0,
}

/** What is counted as it is here, by its own name. */
export const countedKinds = [
  'items',
  'accounts',
  'users',
  'requests',
  'events',
  'deliveries',
  'keys',
  'sites',
] as const

/** A receipt with what another step removed. */
export const withMore = (receipt: Receipt, more: Partial<Receipt>): Receipt => {
  const names = Object.keys(nothingYet) as (keyof Receipt)[]
  return Object.fromEntries(
    names.map((name) => [name, receipt[name] + (more[name] ?? 0)]),
  ) as unknown as Receipt
}

/** An item is gone at Bridge; here it went with its accounts, unless it stands under another's name. */
export const ofItem = (gone: { items: number; accounts: number }): Partial<Receipt> => ({
  bridge_items: 1,
  ...gone,
})

/** A user is counted as gone at Bridge once: by the step that removed it here. */
export const ofUser = (
  gone: { users: number; requests: number },
  { atBridge }: { atBridge: boolean },
): Partial<Receipt> => ({ ...gone, bridge_users: gone.users === 1 && atBridge ? 1 : 0 })
