/**
 * What a connection may take of us, and for how long: name, default, text. The security guide quotes this table. None is an
 * environment variable: a limit that an installation outgrows is one for the proxy in front.
 */
export const socketLimits = {
  unanswered: {
    default: 16,
    text: 'requests that one connection may have sent and not been answered; with one more it is cut',
  },
  connections: {
    default: 2_000,
    text: 'connections in all; beyond, the oldest without a good key gives way, else the new one',
  },
  perAddress: {
    default: 256,
    text: 'connections of one address (IPv6: of one /64) on which no good key came yet; beyond, its oldest gives way. The addresses in TRUSTED_PROXIES are not counted',
  },
  perTenant: {
    default: 500,
    text: 'connections on which a good key of one tenant came; beyond, its oldest gives way',
  },
  requestMs: {
    default: 30_000,
    text: 'time for a request to arrive, its body too',
  },
  idleMs: {
    default: 75_000,
    text: 'time that a connection may wait for its next request',
  },
  unreadMs: {
    default: 90_000,
    text: 'time in which whoever is answered must take some of it; more than the longest call',
  },
  answerMs: {
    default: 600_000,
    text: 'time in which a connection must take one whole answer',
  },
  lookMs: {
    default: 5_000,
    text: 'time between two looks at who is over time',
  },
} as const

export type SocketLimits = Record<keyof typeof socketLimits, number>

/** The table's defaults, some of them replaced. */
export function socketLimitsWith(changes: Partial<SocketLimits> = {}): SocketLimits {
  const defaults = Object.entries(socketLimits).map(([name, limit]) => [name, limit.default])
  return { ...(Object.fromEntries(defaults) as SocketLimits), ...changes }
}
