import { expect, test } from 'vitest'
import { z } from 'zod'
import { createCatalogue, toEntries } from '../../../src/frappe/catalogue.ts'
import { methodsWith, type Releasable } from '../../../src/frappe/define-method.ts'
import { aSite, call, opened, path } from './site.ts'
import { untold } from '../../support/untold.ts'

const failing = (how: string) => ({ url: `${path('fails')}?how=${how}` })

test.each(['bug', 'library'])(
  'what we did not foresee is a 500 with a request id and nothing more: %s',
  async (how) => {
    const { app, logged } = await aSite()

    const reply = await call(app, failing(how))

    const { exception, exc_type } = opened(reply.body) as unknown as Record<string, string>
    expect(reply.statusCode).toBe(500)
    expect(exc_type).toBe('InternalError')
    expect(exception).toMatch(/^frappe\.exceptions\.InternalError: Internal error, request id \S+$/)
    expect(reply.body).not.toContain('secret inside')
    const line = logged.find((entry) => entry.includes('secret inside'))
    expect(JSON.parse(line!)).toMatchObject({ level: 50, rpc: 'bank_api.bridge.fails' })
    expect(exception).toContain((JSON.parse(line!) as { reqId: string }).reqId)
  },
)

test('an answer that does not fit its own schema is ours to fix', async () => {
  const { app } = await aSite()

  const reply = await call(app, { url: path('answers_wrongly') })

  expect(reply.statusCode).toBe(500)
  expect(opened(reply.body)).toMatchObject({ exc_type: 'InternalError' })
})

test('in production, where nobody can mend it at once, a wrong answer is not looked at', async () => {
  const { app } = await aSite({ checkResults: false })

  const reply = await call(app, { url: path('answers_wrongly') })

  expect(reply.statusCode).toBe(200)
})

test('a wait is told in whole seconds, rounded up; the detail goes to the log alone', async () => {
  const { app, logged } = await aSite()

  const reply = await call(app, failing('bridge'))

  expect(reply.statusCode).toBe(503)
  expect(reply.headers).toMatchObject({ 'x-ratelimit-reset': '3' })
  expect(reply.headers).not.toHaveProperty('retry-after')
  expect(opened(reply.body)).toMatchObject({
    retry_after: 3,
    exception:
      'frappe.exceptions.BridgeError: Bridge cannot be reached at the moment. Please try again in a few minutes.',
    exc_type: 'BridgeError',
  })
  expect(reply.body).not.toContain('/v3/')
  const line = logged.find((entry) => entry.includes('call failed'))
  expect(JSON.parse(line!)).toMatchObject({
    level: 40,
    detail: expect.stringContaining('/v3/') as string,
  })
})

test('a refusal is logged with its method and type, and no more', async () => {
  const { app, logged } = await aSite()

  await call(app, { url: `${path('get_bridge_item_id')}?request=zzzzzzzzzz` })

  const line = logged.find((entry) => entry.includes('call refused'))
  expect(JSON.parse(line!)).toMatchObject({
    level: 30,
    rpc: 'bank_api.bridge.get_bridge_item_id',
    status: 404,
    excType: 'DoesNotExistError',
  })
  expect(line).not.toContain('zzzzzzzzzz')
})

test.each([
  [400, 'ValidationError: The request cannot be read'],
  [401, 'AuthenticationError: Invalid API key or secret'],
  [403, 'PermissionError: Not permitted'],
  [404, 'DoesNotExistError: Not found'],
  [409, 'ValidationError: The request cannot be read'],
  [429, 'TooManyRequestsError: Too many calls. Please try again a little later.'],
])('a plain route’s %i keeps its status and is said in our words: %s', async (status, line) => {
  const { app } = await aSite()

  const reply = await app.inject({ url: `/plain/fails?status=${status}` })

  expect(reply.statusCode).toBe(status)
  expect(opened(reply.body).exc).toEqual([`frappe.exceptions.${line}`])
})

test('a plain route’s 503 keeps its status and hides its words', async () => {
  const { app } = await aSite()

  const reply = await app.inject({ url: '/plain/fails?status=503' })

  expect(reply.statusCode).toBe(503)
  expect(reply.body).not.toContain('said by')
})

test.each([
  ['no JSON', { 'content-type': 'application/json' }, '{bad', 417],
  ['an unknown type', { 'content-type': 'application/unknown' }, 'x', 417],
  ['too large', { 'content-type': 'text/plain' }, 'x'.repeat(256 * 1024 + 1), 413],
])(
  'what Fastify refuses on a plain route has the same shape: %s',
  async (_t, headers, body, status) => {
    const { app } = await aSite()

    const reply = await app.inject({ method: 'POST', url: '/plain', headers, body })

    expect(reply.statusCode).toBe(status)
    expect(opened(reply.body)).toMatchObject({ exc_type: 'ValidationError' })
  },
)

test.each(['/api/method/%zz', '/%zz?a=%zz'])('the broken address %s is a 417', async (url) => {
  const { app } = await aSite()

  const reply = await call(app, { url })

  expect(reply.statusCode).toBe(417)
  expect(opened(reply.body)).toMatchObject({ exc_type: 'ValidationError' })
})

test('a verb Fastify does not know is a 404 in the same shape', async () => {
  const { app } = await aSite()

  const reply = await call(app, { method: 'PROPFIND', url: path('echo') })

  expect(reply.statusCode).toBe(404)
  expect(opened(reply.body)).toMatchObject({ exc_type: 'DoesNotExistError' })
})

test('equal refusals are equal bytes', async () => {
  const { app } = await aSite()
  const ask = () => call(app, { url: `${path('get_bridge_item_id')}?request=zzzzzzzzzz` })

  const [first, second] = [await ask(), await ask()]

  expect(first.body).toBe(second.body)
})

test('what a method may use is given back once, whether it answers, refuses or breaks', async () => {
  const { app, contexts } = await aSite()

  await call(app, { url: `${path('get_bridge_item_id')}?request=abcdefghij` })
  await call(app, { url: `${path('get_bridge_item_id')}?request=zzzzzzzzzz` })
  await call(app, { url: path('get_bridge_item_id') })
  await call(app, { url: `${path('fails')}?how=oops` })
  await call(app, { url: path('answers_wrongly') })

  expect(contexts).toEqual({ made: 5, released: 5 })
})

test('two methods of one name stop the start', () => {
  const method = methodsWith<Releasable>()({
    ...untold,
    name: 'ping',
    params: z.object({}),
    run: async () => 'mine',
  })
  const entries = toEntries<never, Releasable>([method], {
    context: () => ({ release() {} }),
    loggedUser: () => '',
    checkResults: false,
  })

  expect(() => createCatalogue(entries)).toThrow('same name')
})

test('what listens to calls cannot break one', async () => {
  const fail = (): never => {
    throw new RangeError('Maximum call stack size exceeded')
  }
  const { app, logged } = await aSite({ observe: { asked: fail, parsed: fail, answered: fail } })

  const answer = await call(app, { url: path('get_bank_accounts?item_id=7') })

  expect(answer.statusCode).toBe(200)
  expect(logged.filter((line) => line.includes('call not observed'))).toHaveLength(3)
})

test('of an unknown name the refusal repeats no more than two hundred characters', async () => {
  const { app } = await aSite()
  // As long as a body may be, and made for the pattern of a text of ours that could match anywhere in it.
  const cmd = ' transactions are more than one answer holds ('.repeat(5_000)

  const answer = await call(app, { method: 'POST', url: '/', payload: { cmd, lang: 'fr' } })

  expect(answer.statusCode).toBe(417)
  expect(answer.body.length).toBeLessThan(2_500)
})
