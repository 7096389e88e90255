import type { z } from 'zod'
import { targetOf, type Call } from './transport/call.ts'
import { isBridge } from './bridge-errors.ts'
import type { Http, CallOptions } from './transport/http.ts'
import { pageSize } from '../bridge-bounds.ts'
import { walkPages, type PageSchema } from './transport/pagination.ts'
import { ourselves, type Payer, type Quota } from './admission/quota.ts'
import type { User } from './resources/user.ts'
import type { SingleFlight } from './transport/single-flight.ts'
import type { Tokens } from './session/tokens.ts'

/** What a resource calls: tokens, the caller's budget and pages are taken care of. */
export interface Api {
  send<S extends z.ZodType>(call: Call, schema: S): Promise<z.output<S>>
  /** For answers whose body does not matter. */
  run(call: Call): Promise<void>
  /** For lists that may be long; whoever reads them ends at a number of rows. */
  pages<Row>(call: Call, schema: PageSchema<Row>): AsyncIterable<Row[]>
  /** All rows of all pages, each id once, as Bridge gave it last; throws `BridgeSchemaError` at more than twenty pages. */
  list<Row extends { id: number }>(call: Call, schema: PageSchema<Row>): Promise<Row[]>
  userByExternalId(externalUserId: string): Promise<User>
  /** Milliseconds until so many calls for a user could have gone out, were nobody else to come; 0: now. */
  waitFor(user: string, calls: number): number
}

const mostPages = 2_000

/** Far above what a user has of items or accounts, or Bridge of categories: a list without an end costs no more of the quota. */
const mostPagesOfAList = 20

/** The calls of one caller, until `signal` ends them. `payer` is whose turn they take. */
export function createApi(options: {
  http: Http
  tokens: Tokens
  singleFlight: SingleFlight
  baseUrl: string
  signal: AbortSignal | undefined
  payer: Payer | undefined
  quota: Quota | undefined
}): Api {
  const { http, tokens, singleFlight, payer, quota } = options
  const origin = new URL(options.baseUrl).origin

  // Bridge: an expired token is refused, and nothing was done. One new token, one repeat.
  async function asUser<T>(
    { user, version }: Call,
    signal: AbortSignal | undefined,
    send: (callOptions: CallOptions) => Promise<T>,
  ): Promise<T> {
    if (user === undefined) return send({ signal, payer })
    const token = await tokens.get(user, { signal, payer })
    try {
      return await send({ token, signal, payer })
    } catch (error) {
      // A 403 too, as a bearer that is no longer good is not said to be a 401 everywhere. An older version may take none.
      if (version !== undefined || !isBridge(error, 'credentials')) throw error
      tokens.drop(user, token)
      return send({ token: await tokens.get(user, { signal, payer }), signal, payer })
    }
  }

  function walk<Row>(call: Call, schema: PageSchema<Row>, most: number): AsyncIterable<Row[]> {
    const first = { ...call, query: { ...call.query, limit: pageSize } }
    const read = (target: string | undefined) =>
      api.send(target === undefined ? first : { ...first, target }, schema)
    return walkPages(read, { origin, route: call.route, most })
  }

  const api: Api = {
    send: (call, schema) => {
      const send = (signal: AbortSignal | undefined) =>
        asUser(call, signal, (callOptions) => http.send(call, schema, callOptions))
      if (call.method !== 'GET') return send(options.signal)
      return singleFlight(nameOf(call), { where: call, signal: options.signal }, send)
    },
    run: (call) =>
      asUser(call, options.signal, (callOptions) => http.send(call, undefined, callOptions)),
    pages: (call, schema) => walk(call, schema, mostPages),
    list: async <Row extends { id: number }>(call: Call, schema: PageSchema<Row>) => {
      const rows = new Map<number, Row>()
      for await (const page of walk(call, schema, mostPagesOfAList))
        for (const row of page) rows.set(row.id, row)
      return [...rows.values()]
    },
    userByExternalId: (externalUserId) =>
      tokens.findUser(externalUserId, { signal: options.signal, payer }),
    waitFor: (user, calls) =>
      quota?.waitFor({ payer: payer ?? ourselves, against: { kind: 'user', user } }, calls) ?? 0,
  }
  return api
}

/** Reads of the same name are one read: the same user, path, query and language. */
const nameOf = (call: Call): string =>
  [call.user ?? '', call.language ?? '', call.version ?? '', targetOf(call)].join(' ')
