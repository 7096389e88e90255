import Fastify, { type FastifyInstance, type FastifyRequest, type InjectOptions } from 'fastify'
import sensible from '@fastify/sensible'
import { onTestFinished } from 'vitest'
import { z } from 'zod'
import {
  AppError,
  AuthenticationError,
  DoesNotExistError,
  ValidationError,
} from '../../../src/errors.ts'
import { identifier, optional, optionalText, text } from '../../../src/frappe/arguments.ts'
import type { Credentials } from '../../../src/frappe/credentials.ts'
import { methodsWith, type Releasable } from '../../../src/frappe/define-method.ts'
import { frappePlugin, type FrappeOptions } from '../../../src/frappe/plugin.ts'
import { createUnderWay } from '../../../src/frappe/under-way.ts'
import { text as say } from '../../../src/texts/say.ts'
import { JsonBytes } from '../../../src/json-bytes.ts'
import { frappeServerOptions } from '../../../src/frappe/server-options.ts'
import { untold } from '../../support/untold.ts'

export const key = 'a1b2c3d4e5f6a7b'
export const secret = '0123456789abcde'
export const token = `token ${key}:${secret}`
export const basic = `Basic ${Buffer.from(`${key}:${secret}`).toString('base64')}`

interface Caller {
  user: string
}

interface Context extends Releasable {
  caller: Caller | undefined
}

/** An error that is somebody else's fault, with a wait and a word for the log. */
class BridgeDownError extends AppError {
  readonly detail = 'bridge said 503 at /v3/aggregation'
}

const define = methodsWith<Context>()

const methods = [
  define({
    ...untold,
    name: 'bank_api.bridge.get_bridge_item_id',
    params: z.object({ request: text() }),
    run: async (_context, { request }) => {
      if (request === 'zzzzzzzzzz') {
        throw new DoesNotExistError('connect_request_not_found', { id: request })
      }
      return { item_id: 7654321, bank: 'Société Générale' }
    },
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.get_bridge_connect_link',
    params: z.object({ redirect_url: text(2048), bank: optionalText() }),
    run: async () => 'https://connect.example/session/5f0c2a',
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.get_bank_accounts',
    params: z.object({ item_id: identifier, pro: optional(z.boolean()) }),
    run: async (_context, { item_id }) => [{ id: 11, item_id, name: 'Compte courant' }],
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.get_bank_transactions',
    params: z.object({ since: optionalText(), lang: optionalText(5) }),
    run: async () => [],
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.delete_bridge_item_id',
    params: z.object({ item_id: identifier }),
    run: async () => undefined,
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.post_item_refresh',
    params: z.object({ item_id: identifier }),
    run: async () => {
      throw new ValidationError('user_ambiguous')
    },
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.echo',
    params: z.looseObject({}),
    run: async (_context, args) => args,
  }),
  {
    ...define({
      ...untold,
      name: 'bank_api.bridge.open_to_all',
      params: z.looseObject({}),
      run: async ({ caller }, args) => ({ user: caller?.user ?? 'Guest', args }),
    }),
    guest: true,
  },
  define({
    ...untold,
    name: 'bank_api.bridge.fails',
    params: z.object({ how: text() }),
    run: async (_context, { how }) => {
      if (how === 'bridge')
        throw new BridgeDownError(say('bridge_unavailable'), { retryAfter: 2.2 })
      if (how === 'library') throw Object.assign(new Error('secret inside'), { statusCode: 404 })
      throw new TypeError('secret inside')
    },
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.large',
    params: z.object({ kind: optional(z.enum(['shared', 'own'])) }),
    run: async (_context, { kind }) =>
      kind === 'own' ? shared.toString() : new JsonBytes(pieces).within('"', '"'),
  }),
  define({
    ...untold,
    name: 'bank_api.bridge.answers_wrongly',
    params: z.object({}),
    result: z.object({ id: z.number() }),
    run: async () => ({ id: 'seven' }) as unknown as { id: number },
  }),
]

/** One large answer that many callers are given: 16 MiB, as a list of 64 pages. */
const shared = Buffer.alloc(16 * 2 ** 20, 'x')
export const pieceSize = shared.length / 64
const pieces = Array.from({ length: 64 }, (_, index) =>
  shared.subarray(index * pieceSize, (index + 1) * pieceSize),
)

export interface Site {
  app: FastifyInstance
  /** Every pair `authenticate` was asked about, in order. */
  asked: Credentials[]
  /** Every line logged, as text. */
  logged: string[]
  /** How many calls were given a context, and how many gave it back. */
  contexts: { made: number; released: number }
}

/** An app with the plugin, a few methods, one good key and two plain routes; closed with the test. */
export async function aSite(
  options: Partial<
    Pick<
      FrappeOptions<Caller, Context>,
      | 'methods'
      | 'mayOnlyRead'
      | 'allowQueryCredentials'
      | 'unauthenticated'
      | 'site'
      | 'observe'
      | 'underWay'
      | 'checkResults'
    >
  > = {},
): Promise<Site> {
  const asked: Credentials[] = []
  const logged: string[] = []
  const contexts = { made: 0, released: 0 }
  const app = Fastify({
    ...frappeServerOptions,
    logger: {
      level: 'info',
      serializers: { req: ({ method }: FastifyRequest) => ({ method }) },
      stream: { write: (line: string) => void logged.push(line) },
    },
  })
  onTestFinished(() => app.close())
  await app.register(sensible)
  await app.register(
    frappePlugin<Caller, Context>({
      methods,
      async authenticate(credentials) {
        asked.push(credentials)
        if (credentials.key !== key || credentials.secret !== secret)
          throw new AuthenticationError()
        return { user: 'bank@client.example' }
      },
      context(_request, _reply, caller) {
        contexts.made += 1
        return { caller, release: () => void (contexts.released += 1) }
      },
      underWay: createUnderWay(),
      tenant: ({ user }) => user,
      site: () => undefined,
      mayOnlyRead: () => false,
      loggedUser: ({ user }) => user,
      checkResults: true,
      ...options,
    }),
  )
  app.get('/plain', async () => ({ fine: true }))
  app.get('/plain/fails', async (request) => {
    const { status } = request.query as { status: string }
    throw app.httpErrors.getHttpError(Number(status) as 400, 'said by a plain route')
  })
  app.post('/plain', async (request) => request.body)
  return { app, asked, logged, contexts }
}

/** The path of a method of the fake module. */
export const path = (method: string) => `/api/method/bank_api.bridge.${method}`

/** Injects a request with the good key, unless the headers say otherwise. */
export const call = (app: FastifyInstance, request: InjectOptions) =>
  app.inject({ ...request, headers: { authorization: token, ...request.headers } })

/** What an error of version 1 says, with its nested JSON opened. */
export function opened(body: string) {
  const { exc, _server_messages: messages, ...rest } = JSON.parse(body) as Record<string, string>
  return {
    ...rest,
    exc: JSON.parse(exc!) as string[],
    messages: (JSON.parse(messages!) as string[]).map(
      (message) => JSON.parse(message) as Record<string, unknown>,
    ),
  }
}
