/** The days within which consents end that are counted; the first counts those that have ended. */
export const consentDays = [0, 1, 3, 7, 14, 30] as const

/** What the installation looks like at a moment, in numbers. */
export interface Figures {
  deliveries: { pending: number; dead: number }
  /** When the delivery became due that has been due for the longest, of endpoints that are well; null: none is due. */
  oldestDueAt: number | null
  unhandledEvents: number
  /** Sites that get webhooks, by how their endpoint fares; those that are not served any more left out. */
  endpoints: { healthy: number; failing: number; disabled: number }
  /** Since when the endpoint fails that has taken nothing for the longest, of those that are tried; null: none fails. */
  failingSince: number | null
  /** Of items that live, how many consents end within each of `consentDays`, and last how many there are. */
  consentsEnding: number[]
  tenants: number
  sites: number
  items: number
}

export interface FigureStore {
  readFigures(at: number): Promise<Figures>
}
