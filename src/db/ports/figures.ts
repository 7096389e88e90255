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

export interface FigureStore {
  readFigures(at: number): Promise<Figures>
}
