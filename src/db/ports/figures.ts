/** What the installation looks like at a moment, in numbers. */
export interface Figures {
  deliveries: { pending: number; delivered: number; dead: number }
  /** When the delivery that is due for the longest became due; null: none is due. */
  oldestDueAt: number | null
  unhandledEvents: number
  /** Sites that get webhooks, by how their endpoint fares. */
  endpoints: { healthy: number; failing: number; disabled: number }
  /** When consents end, of items that live. */
  consentsEndAt: number[]
  tenants: number
  sites: number
  items: number
}

/** What the server of a database says of itself. */
export interface DatabaseServer {
  version: string
  /** As they are for our own connections. Times are in milliseconds. */
  settings: Record<ServerSetting, string>
}

export type ServerSetting =
  | 'fsync'
  | 'full_page_writes'
  | 'idle_in_transaction_session_timeout'
  | 'is_superuser'
  | 'lock_timeout'
  | 'max_connections'
  | 'statement_timeout'
  | 'superuser_reserved_connections'
  | 'synchronous_commit'

export interface FigureStore {
  readFigures(at: number): Promise<Figures>
  /** The server that keeps the rows; undefined where they are in a file. */
  readServer(): Promise<DatabaseServer | undefined>
}
