import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Caller } from '../auth/api-keys.ts'
import type { Asking } from '../auth/ownership.ts'
import type { ReferenceData } from '../bridge/reference-data.ts'
import type { LinkMaking, LinkSettings } from '../connect/open-link.ts'
import { methodsWith } from '../frappe/define-method.ts'
import { languageOf, type Language } from '../language.ts'

/** What an RPC method may use. `bridge` ends with the call's budget. */
export interface MethodContext extends Asking, LinkMaking {
  reference: ReferenceData
  settings: MethodSettings
  /** The language meant by a `lang` argument, else by the request's Accept-Language. */
  language(lang: string | undefined): Language
}

export interface MethodSettings extends LinkSettings {
  /** How many transactions one answer may hold. */
  maxTransactions: number
}

export const defineMethod = methodsWith<MethodContext>()

/** How long one RPC may spend at Bridge, all calls together. */
const budgetMs = 50_000

/** Makes a method's context; what does not change from call to call is gathered once. */
export function contextMaker(app: FastifyInstance, settings: MethodSettings) {
  const { bridge, clock, ids, keyring, reference, store, tally } = app
  const rooms = { clock, ids, keyring, reference, settings, store, tally }
  return (request: FastifyRequest, caller: Caller): MethodContext => ({
    ...rooms,
    caller,
    language: (lang) => languageOf(lang, request.headers['accept-language']),
    bridge: bridge.within(AbortSignal.timeout(budgetMs)),
  })
}
