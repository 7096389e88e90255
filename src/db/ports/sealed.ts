export const sealedColumns = [
  'webhook-secret',
  'previous-webhook-secret',
  'user-email',
  'event-body',
  'response',
] as const

export type SealedColumn = (typeof sealedColumns)[number]

/** A sealed value and where it stands. */
export interface SealedValue {
  /** Its row's key. */
  key: string | number
  /** The id that the row's name for sealing is made with. */
  rowId: string
  sealed: Buffer
}

export interface SealedStore {
  /** In the order of their keys, those behind `after`. */
  listSealed(
    column: SealedColumn,
    after: string | number | null,
    limit: number,
  ): Promise<SealedValue[]>
  /** Replaces each value that is still as it was; returns how many were. */
  replaceSealed(
    column: SealedColumn,
    changes: readonly { key: string | number; from: Buffer; to: Buffer }[],
  ): Promise<number>
}
