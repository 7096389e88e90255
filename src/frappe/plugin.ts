import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AuthenticationError, DoesNotExistError, PermissionError } from '../errors.ts'
import { bodyLimit, decodeBody, readGetBody } from './body.ts'
import type { JsonBytes } from '../json-bytes.ts'
import type { Language } from '../language.ts'
import { createCatalogue, toEntries, type Entry } from './catalogue.ts'
import { credentialsIn, parseAuthorization, type Credentials } from './credentials.ts'
import type { Releasable, RpcMethod } from './define-method.ts'
import { sendJson, successBody } from './envelope.ts'
import { notFound, type Refusal } from './error-body.ts'
import { handleError, sendRefusal } from './error-handler.ts'
import { handleExpect } from './expect-header.ts'
import {
  bodyParameters,
  mergeParameters,
  toArguments,
  type Body,
  type Parameters,
} from './parameters.ts'
import { NotWhitelistedError } from './refusals.ts'
import { whenSent, type UnderWay } from './under-way.ts'
import {
  hasNoBody,
  keepLanguage,
  mayHoldCredentials,
  nameInPath,
  queryOf,
  takeContentType,
  versionOf,
} from './request.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The method it calls, once that is known. */
    rpc: string | null
    /** What it was refused with, and the language in which that was said. */
    refusedWith: (Refusal & { language: Language }) | null
    /** Who calls, by name, for the log; whoever checks credentials fills it in. */
    calledBy: Readonly<Record<'key' | 'tenant' | 'site', string | null>> | null
    /** What `onRequest` learned of a call. */
    opening: Opening<unknown> | null
  }
  interface FastifyContextConfig {
    /** Whether those who call the route are Frappe's clients. */
    rpc?: true
  }
}

export interface FrappeOptions<Caller, Context extends Releasable> {
  readonly methods: readonly RpcMethod<Context>[]
  /**
   * Who holds these credentials; throws AuthenticationError for all that are no good. A malformed
   * header arrives as an empty key and secret, so that it costs what an unknown key costs.
   */
  authenticate(credentials: Credentials, request: FastifyRequest): Promise<Caller>
  /** Called for each call without credentials before it is answered, whatever the answer; may throw to refuse it. */
  unauthenticated?(request: FastifyRequest): void
  /** What a method may use until it has answered. The caller is undefined only for methods open to guests. */
  context(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): Context
  /** The answer of `frappe.auth.get_logged_user`. */
  loggedUser(caller: Caller): string
  /** Counts calls, and the bytes of answers, for whoever `tenant` names. */
  readonly underWay: UnderWay
  tenant(caller: Caller): string
  /** The site whose own key the caller has; undefined: a tenant's. */
  site(caller: Caller): string | undefined
  /** Whether only what reads is open to the caller. */
  mayOnlyRead(caller: Caller): boolean
  /** Accept `api_key` and `api_secret` in the query too: off by default, for URLs end in logs. */
  readonly allowQueryCredentials?: boolean
  /**
   * Hears what admitted callers ask, the arguments once they are checked, and what is answered. It cannot break a call:
   * what it throws is logged.
   */
  readonly observe?: {
    asked(request: FastifyRequest, call: { name: string; caller: Caller }): void
    parsed(request: FastifyRequest, args: unknown): void
    answered(request: FastifyRequest, value: unknown): void
  }
  /** What `/` shows to people, who name no method; undefined for programs, which are answered as ever. */
  readonly front?: (
    request: FastifyRequest,
    reply: FastifyReply,
  ) => Promise<FastifyReply> | undefined
  /** Check every answer against its method's `result` schema, in tests and development. */
  readonly checkResults?: boolean
}

const verbs: ReadonlySet<string> = new Set(['GET', 'POST', 'PUT', 'DELETE'])

/** An answer of at most so many bytes is with the system at once, whether or not it is read: it is not counted. */
const small = 16 * 1024

/** What a caller who never reads takes of memory, besides the bytes that he shares with others (bench: equal-callers). */
const perCaller = 64 * 1024

const noCredentials: Credentials = { key: '', secret: '' }
const noBytes = Buffer.alloc(0)

/** Whether it asks for `/` itself, and for no method there. */
const isAtFront = (request: FastifyRequest): boolean =>
  request.method === 'GET' &&
  request.routeOptions.url === '/' &&
  queryOf(request)['cmd'] === undefined

/** The parameters of a call that has no body. */
const fromQuery = (request: FastifyRequest): Parameters =>
  mergeParameters(queryOf(request), undefined)

/** What `onRequest` learned of a call, for the handler that runs once the body is read. */
interface Opening<Caller> {
  readonly caller: Caller | undefined
  readonly contentType: string | undefined
  /** What the path names, once it was looked at. */
  entry?: Entry<Caller> | undefined
}

/** What a call brought with it. */
interface Brought {
  readonly body: Body | undefined
  readonly parameters: Parameters
}

/**
 * The RPC surface of a Frappe site: `/api/method/<name>`, its versioned twins and `/?cmd=<name>`,
 * for the given methods; and, for the whole app, errors and unknown paths in Frappe's shape.
 */
export function frappePlugin<Caller, Context extends Releasable>(
  options: FrappeOptions<Caller, Context>,
) {
  const catalogue = createCatalogue(
    toEntries(options.methods, { ...options, checkResults: options.checkResults ?? false }),
  )
  const openingOf = (request: FastifyRequest) => request.opening as Opening<Caller>

  /** The header wins; what it holds is judged before the path is looked at. */
  async function identify(request: FastifyRequest): Promise<Caller | undefined> {
    const given = parseAuthorization(request.headers.authorization)
    if (given.kind === 'bad') {
      await options.authenticate(noCredentials, request)
      throw new AuthenticationError()
    }
    if (given.kind === 'pair') return options.authenticate(given, request)
    if (!options.allowQueryCredentials) return undefined
    const pair = credentialsIn(queryOf(request))
    return pair && options.authenticate(pair, request)
  }

  /** Decides all it can before the body is read: a stranger's is left unread. */
  async function open(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
    const contentType = takeContentType(request)
    const caller = await identify(request)
    if (caller !== undefined) enter(reply, caller)
    const opening: Opening<Caller> = { caller, contentType }
    request.opening = opening
    if (caller === undefined && mayHoldCredentials(request)) return undefined
    if (caller === undefined) options.unauthenticated?.(request)
    if (request.method === 'OPTIONS') return reply.send('')
    const shown = caller === undefined && isAtFront(request) && options.front?.(request, reply)
    if (shown) return shown

    opening.entry = entryInPath(request)
    if (opening.entry) admit(opening.entry, caller, request)
    if (caller === undefined) return answer(request, reply, undefined, fromQuery(request))
    return undefined
  }

  async function handle(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const known = openingOf(request).caller
    if (known !== undefined && hasNoBody(request)) {
      return answer(request, reply, known, fromQuery(request))
    }
    const { body, parameters } = await read(request).catch((error: unknown) => {
      // It names nobody: a caller without a key who is over the limit learns that, and nothing of what is wrong.
      if (known === undefined) options.unauthenticated?.(request)
      throw error
    })
    const caller = known ?? (await identifyByBody(request, body))
    if (known === undefined && caller !== undefined) enter(reply, caller)
    return answer(request, reply, caller, parameters)
  }

  async function read(request: FastifyRequest): Promise<Brought> {
    const bytes = request.method === 'GET' ? await readGetBody(request) : request.body
    request.body = undefined // what is read is not kept until the answer is
    const { contentType } = openingOf(request)
    const body = await decodeBody(contentType, (bytes as Buffer | undefined) ?? noBytes)
    const parameters = mergeParameters(queryOf(request), body)
    keepLanguage(request, parameters)
    return { body, parameters }
  }

  async function identifyByBody(request: FastifyRequest, body: Body | undefined) {
    const pair = credentialsIn(bodyParameters(body))
    if (!pair) options.unauthenticated?.(request)
    return pair && options.authenticate(pair, request)
  }

  /** Not async: a function that waits would hold the parameters, a whole body made objects, until the method has answered. */
  function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    caller: Caller | undefined,
    parameters: Parameters,
  ): Promise<FastifyReply> {
    const version = versionOf(request)
    const known = openingOf(request).entry
    const entry = known ?? entryInPath(request) ?? entryByCommand(parameters)
    admit(entry, caller, request)
    request.rpc = entry.name
    const { observe } = options
    if (caller !== undefined)
      tell(request, () => observe?.asked(request, { name: entry.name, caller }))
    const running = entry.run({
      request,
      reply,
      caller,
      args: toArguments(parameters),
      onParsed: (args) => tell(request, () => observe?.parsed(request, args)),
    })
    return running.then((value) => {
      tell(request, () => observe?.answered(request, value))
      const body = successBody(version, value)
      if (caller !== undefined && body.length > small) count(reply, caller, body)
      return sendJson(reply, 200, body)
    })
  }

  /** Counts the call until its answer has left. */
  function enter(reply: FastifyReply, caller: Caller): void {
    const { tenant, site, underWay } = options
    whenSent(reply.raw, underWay.enter(tenant(caller), site(caller)))
  }

  /** Bytes that others may hold too are counted where they are made. */
  function count(reply: FastifyReply, caller: Caller, body: Buffer | JsonBytes): void {
    const holding = options.underWay.open(options.tenant(caller))
    holding.grow(Buffer.isBuffer(body) ? body.length : perCaller)
    whenSent(reply.raw, holding.join())
  }

  function tell(request: FastifyRequest, observer: () => void): void {
    try {
      observer()
    } catch (error) {
      request.log.error({ err: error }, 'call not observed')
    }
  }

  /** Undefined on `/`. */
  function entryInPath(request: FastifyRequest): Entry<Caller> | undefined {
    const name = nameInPath(request)
    return name === undefined ? undefined : catalogue.get(versionOf(request), name)
  }

  /** `/?cmd=<name>`: what Frappe's own Python client posts. */
  function entryByCommand({ cmd }: Parameters): Entry<Caller> {
    if (typeof cmd !== 'string' || cmd === '') throw new DoesNotExistError('path_unknown')
    return catalogue.get(1, cmd)
  }

  function admit(entry: Entry<Caller>, caller: Caller | undefined, request: FastifyRequest): void {
    if (caller === undefined && !entry.guest) throw new NotWhitelistedError(entry.name)
    if (!verbs.has(request.method)) throw new PermissionError('verb_not_allowed')
    if (caller !== undefined && entry.effect !== 'reads' && options.mayOnlyRead(caller)) {
      throw new PermissionError('key_read_only')
    }
  }

  /** Kept apart from the app, whose other routes read their bodies their own way. */
  async function rpcRoutes(app: FastifyInstance): Promise<void> {
    const method = app.supportedMethods
    const config = { rpc: true } as const
    const shared = { method, exposeHeadRoute: false, bodyLimit, config }

    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => {
      done(null, bytes)
    })
    for (const url of ['/', '/api/method/*', '/api/v1/method/*', '/api/v2/method/*']) {
      app.route({ ...shared, url, onRequest: open, handler: handle })
    }
    app.route({
      ...shared,
      url: '/api/*',
      async onRequest(request, reply) {
        const caller = await identify(request)
        if (caller === undefined) options.unauthenticated?.(request)
        if (request.method === 'OPTIONS') return reply.send('')
        return sendRefusal(request, reply, notFound)
      },
      handler: (request, reply) => sendRefusal(request, reply, notFound),
    })
  }

  return fp(
    async (app) => {
      handleExpect(app.server)
      app.decorateRequest('rpc', null)
      app.decorateRequest('refusedWith', null)
      app.decorateRequest('calledBy', null)
      app.decorateRequest('opening', null)
      app.decorateRequest('askedIn', null)
      app.setErrorHandler(handleError)
      app.setNotFoundHandler((request, reply) => sendRefusal(request, reply, notFound))
      await app.register(rpcRoutes)
    },
    { name: 'frappe', fastify: '5.x' },
  )
}
