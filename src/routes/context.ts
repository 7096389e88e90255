import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Caller } from '../auth/api-keys.ts'
import type { Limits } from '../auth/limits.ts'
import type { OwnershipDeps } from '../ownership/item-list.ts'
import type { BridgeResources } from '../bridge/client.ts'
import type { Payer } from '../bridge/admission/quota.ts'
import { budgetMs, longestReadWaitMs } from '../bridge-bounds.ts'
import type { ReferenceData } from '../bridge/reference-data.ts'
import type { LinkDeps, LinkSettings } from '../connect/open-link.ts'
import { methodsWith, type Releasable } from '../frappe/define-method.ts'
import type { UnderWay } from '../frappe/under-way.ts'
import type { JsonBytes } from '../json-bytes.ts'
import { languageOf, type Language } from '../language.ts'
import type { Log } from '../logger.ts'
import { timeLimit, type TimeLimit } from './time-limit.ts'
import { freshnessOf, type Freshness } from './freshness.ts'
import { createPresent, presentationFor, type Present } from './presentation/present.ts'
import { createSharedAnswers, type MakeAnswer } from './shared-answers.ts'

/** What an RPC method may use. `bridge` ends with the call's budget. */
export interface MethodContext extends OwnershipDeps, LinkDeps, Releasable {
  limits: Limits
  isClockInDoubt: () => boolean
  reference: ReferenceData
  log: Pick<Log, 'warn'>
  settings: MethodSettings
  /** Gives Bridge's objects the form that the key, or the request's Bridge-Version, asks for. */
  present: Present
  /** Says in the answer's headers how fresh its data is. */
  fresh: Freshness
  /** Makes a large answer for all who ask for the same at the same moment; `key` names all that its bytes depend on. */
  shared(key: string, make: MakeAnswer): Promise<JsonBytes>
  /** The language meant by a `lang` argument, else by the request's Accept-Language. */
  language(lang: string | undefined): Language
}

interface MethodSettings extends LinkSettings {
  /** How many transactions one answer may hold, and how many one read can ever have. */
  maxTransactions: number
  readableTransactions: number
  /** How long events are kept with their bodies, and without. */
  retention: { eventsDays: number; auditDays: number }
  /** Whether a Bridge user is deleted with its last item. */
  deleteBridgeUsers: boolean
}

export const defineMethod = methodsWith<MethodContext>()

/** What a call may use of Bridge. Its budget starts with the first use: most answers from the database need no Bridge at all. */
class BridgeBudget {
  readonly #app: Pick<FastifyInstance, 'bridge' | 'reference'>
  readonly #payer: Payer
  #limit: TimeLimit | undefined
  #within: BridgeResources | undefined

  constructor(app: Pick<FastifyInstance, 'bridge' | 'reference'>, payer: Payer) {
    this.#app = app
    this.#payer = payer
  }

  get signal(): AbortSignal {
    return (this.#limit ??= timeLimit(budgetMs)).signal
  }

  get bridge(): BridgeResources {
    return (this.#within ??= this.#app.bridge.within(this.signal, this.#payer))
  }

  get reference(): ReferenceData {
    return this.#app.reference.through(() => this.bridge)
  }

  release(): void {
    this.#limit?.release()
  }
}

/** Makes a method's context; what does not change from call to call is gathered once. */
export function contextMaker(
  app: FastifyInstance,
  { settings, underWay }: { settings: MethodSettings; underWay: UnderWay },
) {
  const { bridge, clock, ids, isClockInDoubt, keyring, limits, steadyClock, store, auditCounter } =
    app
  const sharedAnswers = createSharedAnswers(bridge, underWay)
  const deps = { clock, ids, isClockInDoubt, keyring, limits, settings, store, auditCounter }
  return (request: FastifyRequest, reply: FastifyReply, caller: Caller): MethodContext => {
    const payer = { tenant: caller.tenant.id, site: caller.site?.id ?? '' }
    // A long read may wait for its user's next minute, where that comes in time.
    const openedAt = steadyClock.now()
    const mayWaitMs = (): number => openedAt + longestReadWaitMs - steadyClock.now()
    const budget = new BridgeBudget(app, payer)
    return Object.assign(budget, {
      ...deps,
      caller,
      log: request.log,
      fresh: freshnessOf(reply),
      note: (made: { request: string }) => Object.assign(request.openCall, made),
      present: createPresent(
        presentationFor(caller.presentation, request.headers['bridge-version']),
      ),
      shared: (key: string, make: MakeAnswer) =>
        sharedAnswers({ reply, payer: { ...payer, mayWaitMs }, signal: budget.signal }, key, make),
      language: (lang: string | undefined) => languageOf(lang, request.headers['accept-language']),
    })
  }
}
