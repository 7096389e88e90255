import type { z } from 'zod'
import type { Call } from './call.ts'
import { BridgeStatusError } from './errors.ts'
import type { Http } from './http.ts'
import { walkPages, type PageSchema } from './pagination.ts'
import type { User } from './resources/users.ts'
import type { Tokens } from './tokens.ts'

/** What a resource calls: tokens, the caller's budget and pages are taken care of. */
export interface Api {
  send<S extends z.ZodType>(call: Call, schema: S): Promise<z.output<S>>
  /** For answers whose body does not matter. */
  run(call: Call): Promise<void>
  pages<Row>(call: Call, schema: PageSchema<Row>): AsyncIterable<Row[]>
  /** All rows of all pages. */
  list<Row>(call: Call, schema: PageSchema<Row>): Promise<Row[]>
  userByExternalId(externalUserId: string): Promise<User>
}

/** The calls of one caller, until `signal` ends them. */
export function createApi(options: {
  http: Http
  tokens: Tokens
  baseUrl: string
  signal: AbortSignal | undefined
}): Api {
  const { http, tokens, signal } = options
  const origin = new URL(options.baseUrl).origin

  // Bridge: an expired token answers 401, and nothing was done. One new token, one repeat.
  async function asUser<T>(
    { user }: Call,
    send: (token: string | undefined) => Promise<T>,
  ): Promise<T> {
    if (user === undefined) return send(undefined)
    const token = await tokens.get(user, signal)
    try {
      return await send(token)
    } catch (error) {
      if (!(error instanceof BridgeStatusError) || error.bridgeStatus !== 401) throw error
      tokens.drop(user, token)
      return send(await tokens.get(user, signal))
    }
  }

  const api: Api = {
    send: (call, schema) => asUser(call, (token) => http.send(call, schema, { token, signal })),
    run: (call) => asUser(call, (token) => http.send(call, undefined, { token, signal })),
    pages: (call, schema) => {
      const first = { ...call, query: { ...call.query, limit: 500 } }
      const read = (target: string | undefined) =>
        api.send(target === undefined ? first : { ...first, target }, schema)
      return walkPages(read, { origin, route: call.route })
    },
    list: async (call, schema) => {
      const pages = []
      for await (const page of api.pages(call, schema)) pages.push(page)
      return pages.flat()
    },
    userByExternalId: (externalUserId) => tokens.findUser(externalUserId, signal),
  }
  return api
}
