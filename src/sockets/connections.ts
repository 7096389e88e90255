import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { networkOf } from '../networks.ts'
import { Incoming } from './incoming.ts'
import type { SocketLimits } from './socket-limits.ts'

/** Why a connection was cut. */
export type Cut = 'pipelined' | 'crowded' | 'unread' | 'slow'

/** Who is connected, and the server that holds them to the limits. */
export interface Connections {
  /** Makes the HTTP server. Its requests are counted here first: what Fastify is given once, it answers, read or not. */
  serve(handler: RequestListener): Server
  /** Something on this connection was proven to be the tenant's: it is nobody's from an address any more. */
  admitted(socket: Socket, tenant: string): void
}

interface Connection {
  readonly socket: Socket
  /** Who it counts for; the trusted proxies' count for nobody. */
  group: Group | undefined
  readonly unanswered: Set<ServerResponse>
  /** How often we looked since an answer was taken whole. */
  looks: number
}

interface Group {
  readonly name: string
  readonly members: Set<Connection>
}

interface Options {
  limits: SocketLimits
  /** Whether callers of many addresses come from this one. */
  isProxy: (address: string) => boolean
  /** Hears after each look how many were cut, if any, and why. */
  onCut: (counts: Partial<Record<Cut, number>>) => void
}

/**
 * Counts connections and what they leave unanswered. Nobody who only connects can hold a place for long: where there are
 * too many, the oldest makes room for the newest, and a site that shows its key leaves that queue with its first call.
 */
export function createConnections({ limits, isProxy, onCut }: Options): Connections {
  const open = new Map<Socket, Connection>()
  const strangers = new Set<Connection>()
  const groups = new Map<string, Group>()
  const justAnswered: [Connection, ServerResponse][] = []
  let counts: Partial<Record<Cut, number>> = {}

  function enter(socket: Socket): void {
    const connection: Connection = { socket, group: undefined, unanswered: new Set(), looks: 0 }
    open.set(socket, connection)
    socket.once('close', () => {
      leave(connection)
      connection.unanswered.forEach(endIfQueued)
    })
    const address = socket.remoteAddress ?? ''
    if (!isProxy(address)) {
      strangers.add(connection)
      join(connection, `address ${networkOf(address)}`, limits.perAddress)
    }
    if (open.size > limits.connections) cut(first(strangers) ?? connection, 'crowded')
  }

  function join(connection: Connection, name: string, limit: number): void {
    const group = groups.get(name) ?? { name, members: new Set() }
    groups.set(name, group)
    group.members.add(connection)
    connection.group = group
    if (group.members.size > limit) cut(first(group.members)!, 'crowded')
  }

  function part(connection: Connection): void {
    const { group } = connection
    strangers.delete(connection)
    group?.members.delete(connection)
    if (group?.members.size === 0) groups.delete(group.name)
  }

  function leave(connection: Connection): void {
    open.delete(connection.socket)
    part(connection)
  }

  function cut(connection: Connection, why: Cut): void {
    leave(connection)
    connection.socket.destroy()
    counts[why] = (counts[why] ?? 0) + 1
  }

  function look(): void {
    for (const connection of open.values()) {
      if (connection.unanswered.size === 0) continue
      connection.looks += 1
      if (connection.looks * limits.lookMs > limits.answerMs) cut(connection, 'slow')
    }
    if (Object.keys(counts).length > 0) onCut(counts)
    counts = {}
  }

  /**
   * Counted when the event loop has gone round: Node parses all that came in one piece before it looks at anybody else, and
   * what can be answered meanwhile is answered meanwhile.
   */
  function answered(connection: Connection, response: ServerResponse): void {
    if (justAnswered.push([connection, response]) > 1) return
    setImmediate(() => {
      for (const [each, taken] of justAnswered.splice(0)) {
        each.unanswered.delete(taken)
        each.looks = 0
      }
    })
  }

  /** Neither a byte came nor went for so long. Node asks the server before it ends a connection. */
  function timeOut(socket: Socket): void {
    const connection = open.get(socket)
    if (connection !== undefined && connection.unanswered.size > 0) cut(connection, 'unread')
    else socket.destroy()
  }

  return {
    serve(handler) {
      const server = createServer(
        {
          connectionsCheckingInterval: limits.lookMs,
          keepAliveTimeout: limits.idleMs,
          // Node measures bodies only while this is not the longer one: a slow body would stay for ever.
          headersTimeout: limits.requestMs,
          requestTimeout: limits.requestMs,
          IncomingMessage: Incoming,
        },
        (request, response) => {
          const connection = open.get(request.socket)
          if (connection === undefined) return // cut while its last bytes were still being read
          if (connection.unanswered.size === limits.unanswered) {
            cut(connection, 'pipelined')
            readNoFurther(request.socket)
            return
          }
          connection.unanswered.add(response)
          response.on('close', () => {
            answered(connection, response)
            // One that was still being answered when the server closed is kept for no further request.
            if (!server.listening) server.closeIdleConnections()
          })
          handler(request, response)
        },
      )
      server.timeout = limits.unreadMs
      server.on('connection', enter)
      server.on('timeout', timeOut)
      let looking: NodeJS.Timeout | undefined
      server.on('listening', () => {
        looking = setInterval(look, limits.lookMs).unref()
      })
      server.on('close', () => clearInterval(looking))
      return server
    },
    admitted(socket, tenant) {
      const connection = open.get(socket)
      if (connection === undefined || !strangers.has(connection)) return
      part(connection)
      join(connection, `tenant ${tenant}`, limits.perTenant)
    },
  }
}

/**
 * Ends the parsing of what was read in one piece, which may be a thousand requests more: Node would make an object of each,
 * and an error with its stack when the connection closes. It has no public way to say so; without this one it is only slower.
 */
function readNoFurther(socket: Socket & { parser?: { onIncoming: () => number } | null }): void {
  if (socket.parser) socket.parser.onIncoming = () => 2 // as after an upgrade: what follows is no HTTP
}

/**
 * Before 26, Node does not tell an answer that waits behind another that their connection has closed: what counts until it
 * has left would count for ever. It has no public way to say so.
 */
function endIfQueued(response: ServerResponse): void {
  if (response.closed || response.socket !== null) return
  Object.assign(response, { destroyed: true, _closed: true }).emit('close')
}

const first = <Item>(items: ReadonlySet<Item>): Item | undefined => items.values().next().value
