/** A problem that the operator was told of and that is not over. */
export interface OpenAlert {
  /** What it is about: each is told once. */
  about: string
  toldAt: number
}

/** What the operator was told, so that neither a restart nor another server tells it again. */
export interface AlertStore {
  listOpenAlerts(): Promise<OpenAlert[]>
  /** Remembers problems as told; of one that is remembered already the time stays. */
  openAlerts(alerts: readonly OpenAlert[]): Promise<void>
  /** Forgets those that are over. */
  closeAlerts(about: readonly string[]): Promise<void>
}
