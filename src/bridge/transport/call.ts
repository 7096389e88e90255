/** One call of Bridge's API, before it is sent. */
export interface Call {
  method: 'GET' | 'POST' | 'DELETE'
  /** The path with `{id}` in the place of an id: what logs and metrics name. */
  route: string
  id?: string | number
  query?: Record<string, string | number | undefined>
  /** A ready path with its query, instead of route, id and query: Bridge's own `next_uri`. */
  target?: string
  body?: Record<string, unknown>
  /** The uuid of the Bridge user in whose name we call. */
  user?: string
  /** Whose access token is asked for: Bridge counts those apart. */
  tokenOf?: string
  /** For `Accept-Language`: Bridge answers in fr or en. */
  language?: string | undefined
  /** Another `Bridge-Version` than 2025-01-15. */
  version?: string
  /** A POST that changes nothing at Bridge, so it may be repeated like a GET. */
  harmless?: boolean
}

/** The path and query of a call. Throws on an id that could reach another endpoint. */
export function targetOf(call: Call): string {
  if (call.target !== undefined) return call.target
  const query = new URLSearchParams()
  for (const [name, value] of Object.entries(call.query ?? {})) {
    if (value !== undefined) query.append(name, String(value))
  }
  const search = query.size > 0 ? `?${query.toString()}` : ''
  return `${pathOf(call)}${search}`
}

// An empty id would turn "delete this user" into "delete all users", an endpoint Bridge has had.
function pathOf({ route, id }: Call): string {
  if (!route.includes('{id}')) return route
  const text = String(id ?? '')
  if (!/^[A-Za-z0-9][\w-]*$/.test(text)) throw new TypeError(`No id for ${route}`)
  return route.replace('{id}', text)
}
