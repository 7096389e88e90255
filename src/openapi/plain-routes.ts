/** A route that is no RPC method. */
export interface PlainRoute {
  summary: string
  type: string
  responses: Record<number, string>
  /** Who may call it, where that is not everybody. */
  security?: string
}

/** By path and verb; a test compares them with the routes there are. */
export const plainRoutes: Record<string, Record<string, PlainRoute>> = {
  '/live': {
    get: {
      summary: 'Says that the process answers, and its version.',
      type: 'application/json',
      responses: { 200: 'It does.' },
    },
  },
  '/ready': {
    get: {
      summary:
        'Says whether to send this server work: database, workers, disk; no first of all when it stops.',
      type: 'application/json',
      responses: { 200: 'Ready.', 503: 'Not ready; the checks say why.' },
    },
  },
  '/metrics': {
    get: {
      summary: "What Prometheus scrapes, with the operator's METRICS_TOKEN.",
      type: 'text/plain',
      responses: {
        200: "Prometheus' text format.",
        404: 'No token is configured, or it is not that one.',
      },
      security: 'metricsToken',
    },
  },
  '/openapi.json': {
    get: {
      summary: 'This document.',
      type: 'application/json',
      responses: { 200: 'OpenAPI 3.1.' },
    },
  },
  '/docs': {
    get: {
      summary: 'This document as a page.',
      type: 'text/html',
      responses: { 200: 'The page.' },
    },
  },
  '/bridge/callback': {
    get: {
      summary: 'Where Bridge Connect sends the browser back; for browsers only.',
      type: 'text/html',
      responses: {
        302: "On to the site's redirect_url.",
        404: 'No request has that context.',
        410: 'The link has expired.',
        429: 'Too often from one address.',
      },
    },
  },
  '/webhooks/bridge': {
    post: {
      summary: 'Where Bridge posts its events, signed with BridgeApi-Signature.',
      type: 'application/json',
      responses: {
        200: 'Stored for good, or known already.',
        401: 'The signature is not good.',
        413: 'Larger than 64 KiB.',
        417: 'Signed, but no event.',
        503: 'Cannot be stored now, or no secret is configured.',
      },
      security: 'bridgeSignature',
    },
  },
  '/renew/{token}': {
    get: {
      summary: 'The page that offers to renew a consent; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.', 404: 'No such link.', 410: 'The link is over.' },
    },
    post: {
      summary: 'Opens a Bridge session for the renewal.',
      type: 'text/html',
      responses: {
        303: 'On to Bridge.',
        404: 'No such link.',
        410: 'The link is over.',
        429: 'Five times within a day, or too often from one address.',
        503: 'Bridge does not answer.',
      },
    },
  },
  '/renewed': {
    get: {
      summary: 'Where a renewal ends when the site named no page of its own; for browsers only.',
      type: 'text/html',
      responses: { 200: 'The page.' },
    },
  },
}
