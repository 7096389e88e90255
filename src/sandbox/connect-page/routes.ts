import formbody from '@fastify/formbody'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { privately, sendPage, wantsPage } from '../../html/page.ts'
import { languageFor } from '../../html/reader-language.ts'
import {
  chooseBank,
  confirm,
  endWait,
  getSession,
  giveCode,
  giveCredentials,
  leave,
  nameBank,
  playThrough,
  retry,
  type End,
} from '../connect.ts'
import { badParameter, problemBody, toProblem } from '../problem.ts'
import { endPage, problemPage, refreshOf, sessionPage } from './pages.ts'
import type { Box } from '../box.ts'
import type { Session } from '../state.ts'

const id = z.union([
  z.int(),
  z
    .string()
    .regex(/^\d{1,9}$/)
    .transform(Number),
])
const answers = z.object({
  login: z.string().max(200).optional(),
  password: z.string().max(200).optional(),
  code: z.coerce.string().max(50).optional(),
  provider_id: id.optional(),
})
const form = answers.extend({
  step: z.enum(['bank', 'credentials', 'code', 'wait', 'confirm', 'failed', 'success', 'leave']),
})
type Form = z.output<typeof form>
type WithToken = { Params: { token: string } }

/**
 * The page a person sees, and the same by API: a POST without the forms' hidden `step` gives all
 * answers at once.
 */
export async function connectPage(app: FastifyInstance, box: Box): Promise<void> {
  await app.register(formbody)

  app.setErrorHandler<FastifyError>((error, request, reply) => {
    const problem = toProblem(error)
    if (problem.status === 500) box.log({ error }, 'connect page failed')
    const { status } = problem
    if (!wantsPage(request)) {
      return reply.code(status).send(problemBody(problem, request.url, box.switches))
    }
    return sendPage(reply, status, problemPage(status, languageFor(request)))
  })

  app.get<WithToken>('/session/:token', async (request, reply) => {
    const session = getSession(box, request.params.token)
    const { bank, login: wanted } = asked.parse(request.query)
    if (bank !== undefined) {
      nameBank(box, session, bank)
      return reply.redirect(pathFor(request), 303)
    }
    const language = languageFor(request)
    const refresh = refreshOf(session, language)
    if (refresh !== undefined) void reply.header('refresh', refresh)
    return sendPage(reply, 200, sessionPage(box, session, { language, wanted }))
  })

  app.get<WithToken>('/session/:token/leave', async (request, reply) =>
    finish(request, reply, leave(box, getSession(box, request.params.token))),
  )

  app.get<WithToken>('/session/:token/wait', async (request, reply) => {
    const session = getSession(box, request.params.token)
    endWait(box, session)
    return reply.redirect(pathFor(request), 303)
  })

  app.post<WithToken>('/session/:token', async (request, reply) => {
    const { token } = request.params
    const session = getSession(box, token)
    if (!isObject(request.body) || !('step' in request.body)) {
      const { login, code, provider_id: providerId } = read(answers, request.body ?? {})
      return finish(request, reply, playThrough(box, session, { login, code, providerId }))
    }
    const sent = read(form, request.body)
    if (sent.step === 'leave' || (sent.step === 'success' && session.phase === 'success')) {
      return finish(request, reply, leave(box, session))
    }
    act(box, session, sent)
    return reply.redirect(pathFor(request), 303)
  })
}

function act(box: Box, session: Session, sent: Form): void {
  switch (sent.step) {
    case 'bank':
      chooseBank(box, session, sent.provider_id ?? 0)
      break
    case 'credentials':
      giveCredentials(box, session, sent.login ?? '')
      break
    case 'code':
      giveCode(box, session, sent.code ?? '')
      break
    case 'wait':
      endWait(box, session)
      break
    case 'confirm':
      confirm(box, session)
      break
    case 'failed':
      retry(box, session)
      break
    case 'success':
    case 'leave':
  }
}

/** Back to the caller's site; without a callback a page of our own, or its JSON for a program. */
function finish(request: FastifyRequest, reply: FastifyReply, end: End): FastifyReply {
  if (end.callback !== undefined) {
    return reply.headers(privately).redirect(end.callback, 303)
  }
  const { success, step } = end
  if (!wantsPage(request)) return reply.send(success ? { success } : { success, step })
  return sendPage(reply, 200, endPage({ success }, languageFor(request)))
}

function read<Output>(schema: z.ZodType<Output>, body: unknown): Output {
  const sent = schema.safeParse(body)
  if (sent.success) return sent.data
  const property = String(sent.error.issues[0]?.path[0] ?? 'body')
  throw badParameter(property, `${property} is invalid`)
}

/** What the address of the page may say. */
const asked = z.object({
  lang: z.enum(['fr', 'en']).optional().catch(undefined),
  bank: z.string().max(200).optional().catch(undefined),
  login: z.string().max(200).optional().catch(undefined),
})

/** Where the session's page is, in the language that was chosen on it. */
function pathFor(request: FastifyRequest<WithToken>): string {
  const { lang } = asked.parse(request.query)
  const path = `/session/${encodeURIComponent(request.params.token)}`
  return lang === undefined ? path : `${path}?lang=${lang}`
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null
