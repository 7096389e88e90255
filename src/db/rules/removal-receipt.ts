import type { ExportKind } from '../ports/exports.ts'
import type { Receipt, RemovedKind } from '../ports/removals.ts'

/** How many calls a piece of a deletion removes. */
export const callsAtOnce = 1_000

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

/** What hangs on a row that a deletion removes by itself, and goes with it: rows of another kind, by the column that names it. */
export const hanging: Record<RemovedKind, { kind: keyof Receipt & ExportKind; by: string }> = {
  items: { kind: 'accounts', by: 'itemId' },
  users: { kind: 'requests', by: 'userId' },
  events: { kind: 'deliveries', by: 'eventSeq' },
}

/**
 * What a step removed. An item that is gone at Bridge counts there also when it stands here under another's name, and stays; a
 * user counts as gone at Bridge once: by the step that removed it here.
 */
export const stepDone = (
  kind: RemovedKind,
  { rows, hung, atBridge }: { rows: number; hung: number; atBridge: boolean },
): Partial<Receipt> => ({
  [kind]: rows,
  [hanging[kind].kind]: hung,
  ...(kind === 'items' && atBridge && { bridge_items: 1 }),
  ...(kind === 'users' && atBridge && { bridge_users: rows }),
})
