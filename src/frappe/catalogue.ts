import type { FastifyReply, FastifyRequest } from 'fastify'
import { checkAnswer } from './check-answer.ts'
import type { Effect, Releasable, RpcMethod } from './define-method.ts'
import { loggedUser, ping } from './built-in-methods.ts'
import type { Parameters } from './parameters.ts'
import { unknownReason } from './pinned.ts'
import { UnknownMethodError, type ApiVersion } from './refusals.ts'
import { inShort } from './request.ts'

/** One admitted call; `caller` is undefined only for methods open to guests. */
export interface Call<Caller> {
  readonly request: FastifyRequest
  readonly reply: FastifyReply
  readonly caller: Caller | undefined
  /** As they came: nothing but the method's own check may touch them. */
  readonly args: Parameters
  /** Hears the arguments once they are checked. */
  readonly onParsed: (args: unknown) => void
}

/** A method as the plugin runs it: one of the app's, or one that every Frappe site has. */
export interface Entry<Caller> {
  readonly name: string
  readonly guest: boolean
  readonly effect: Effect
  run(call: Call<Caller>): Promise<unknown>
}

/** Every method by name; `get` throws UnknownMethodError, in Frappe's words, for any other. */
interface Catalogue<Caller> {
  get(version: ApiVersion, name: string): Entry<Caller>
}

/** Looks up by one Map made here, once. Throws when two methods have one name. */
export function createCatalogue<Caller>(entries: readonly Entry<Caller>[]): Catalogue<Caller> {
  const byName = new Map(entries.map((entry) => [entry.name, entry]))
  if (byName.size !== entries.length) throw new Error('Two RPC methods have the same name')
  const modules = new Set(entries.flatMap(({ name }) => modulesOf(name)))

  return {
    get(version, name) {
      const entry = byName.get(name)
      if (entry) return entry
      const shown = inShort(name)
      const app = shown.split('.', 1)[0]!
      if (app !== shown && !modules.has(app)) {
        const reason = unknownReason.app(app)
        throw new UnknownMethodError(version, shown, reason, reason)
      }
      throw new UnknownMethodError(version, shown, whyUnknown(shown, modules))
    },
  }
}

/** The app's methods and those of every Frappe site: the credential test, ping and logout. */
export function toEntries<Caller, Context extends Releasable>(
  methods: readonly RpcMethod<Context>[],
  options: {
    context(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): Context
    loggedUser(caller: Caller): string
    checkResults: boolean
  },
): Entry<Caller>[] {
  return [
    ...methods.map((method) => toEntry(method, options)),
    { ...ping, run: async () => 'pong' },
    { name: 'logout', guest: true, effect: 'reads', run: async () => undefined },
    { ...loggedUser, run: async ({ caller }) => options.loggedUser(caller!) },
  ]
}

function toEntry<Caller, Context extends Releasable>(
  method: RpcMethod<Context>,
  options: {
    context(request: FastifyRequest, reply: FastifyReply, caller: Caller | undefined): Context
    checkResults: boolean
  },
): Entry<Caller> {
  return {
    name: method.name,
    guest: method.guest,
    effect: method.effect,
    // Not async, as it would hold the arguments while the method runs.
    run({ request, reply, caller, args, onParsed }) {
      const context = options.context(request, reply, caller)
      return method
        .handle(context, args, onParsed)
        .then((answer) => {
          if (options.checkResults) checkAnswer(method.name, method.resultFor(context), answer)
          return answer
        })
        .finally(() => context.release())
    },
  }
}

function whyUnknown(name: string, modules: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.')
  if (dot === -1) return unknownReason.bare(name)
  const module = name.slice(0, dot)
  if (!modules.has(module)) return unknownReason.module(module)
  return unknownReason.attribute(module, name.slice(dot + 1))
}

/** `a.b.c` lives in module `a.b`, which lives in `a`. */
function modulesOf(name: string): string[] {
  const parts = name.split('.')
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('.'))
}
