import type { By, Scope } from '../scope.ts'

interface DataKey {
  id: string
  wrappedKey: Buffer
}

export interface StoredDataKey extends DataKey {
  /** The members that have it in hand; one that is not among them may not know it yet. */
  seenBy: string[]
}

export interface Instance {
  mode: string
  wrappedPepper: Buffer
  dataKeys: DataKey[]
}

/** How the server stands with Bridge, as it wrote it down. */
interface SavedBridgeStatus {
  at: number
  status: Record<string, unknown>
}

/** What the audit calls it: for a `rekey` that goes through, or to put back what one wrapped that is refused, or was stopped. */
export type Rewrapping = 'keys.rewrapped' | 'rekey.refused' | 'rekey.stopped'

/** What the server of a database says of itself. */
export interface DatabaseServer {
  version: string
  /** Whether a pooler stands in between, which shares the server's connections. */
  isPooled: boolean
  /** As they are for our own connections. Times are in milliseconds. */
  settings: Record<(typeof serverSettings)[number], string>
}

export const serverSettings = [
  'fsync',
  'full_page_writes',
  'idle_in_transaction_session_timeout',
  'is_superuser',
  'lock_timeout',
  'max_connections',
  'statement_timeout',
  'superuser_reserved_connections',
  'synchronous_commit',
] as const

export interface InstanceStore {
  readInstance(): Promise<Instance | undefined>
  /** Stores the first instance; when another process was faster, its own wins and is returned. */
  createInstance(instance: Instance & { at: number }): Promise<Instance>
  /** Changes the mode where it is `from`. */
  replaceMode(from: string, to: string): Promise<void>
  /** Oldest first. */
  listDataKeys(): Promise<StoredDataKey[]>
  addDataKey(key: DataKey, at: number): Promise<void>
  /** A member has it in hand, and all older ones. */
  markDataKeySeen(id: string, by: string, at: number): Promise<void>
  /**
   * Replaces how the pepper and these data keys are wrapped, all in one. Does nothing, and is false, when the pepper is not
   * wrapped as `from` any more: somebody was faster.
   */
  rewrap(
    wrapped: { pepper: { from: Buffer; to: Buffer }; dataKeys: readonly DataKey[] },
    by: By & { action: Rewrapping },
  ): Promise<boolean>
  /**
   * Writes `own`'s hash in the place of each API key's, previous ones too, together with the pepper wrapped anew: all of it
   * or nothing. Does nothing when the pepper is not wrapped as `from` any more: somebody was faster.
   */
  ownKeys(
    pepper: { from: Buffer; to: Buffer },
    own: (owner: Scope, hash: Buffer) => Buffer,
    by: By,
  ): Promise<void>
  /**
   * Forgets the data keys with which nothing is sealed and which another one followed before that time: nobody seals with
   * them any more. Returns which went.
   */
  dropUnusedDataKeys(followedBefore: number, by: By): Promise<string[]>
  saveBridgeStatus(saved: SavedBridgeStatus): Promise<void>
  readBridgeStatus(): Promise<SavedBridgeStatus | undefined>
  /**
   * The machine's clock, which shows `at` by now, was put forward by so much, or back. Claims, holds and failures last as
   * long as they would have, and what was put off comes no later.
   */
  clockJumped(byMs: number, at: number): Promise<void>
  /** The server that keeps the rows; undefined where they are in a file. */
  readServer(): Promise<DatabaseServer | undefined>
}
