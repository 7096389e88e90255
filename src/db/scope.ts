/** What a key sees: one site, or all sites of its tenant. */
export interface Scope {
  tenantId: string
  siteId: string | null
}

/** A change and who made it. `actor` is `cli`, `key:…`, `server` or `address:…`. */
export interface By {
  actor: string
  at: number
}
