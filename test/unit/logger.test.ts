import { Writable } from 'node:stream'
import { pino, type Logger } from 'pino'
import { expect, it } from 'vitest'
import { StoreAwayError, StoreBusyError } from '../../src/db/store-errors.ts'
import { loggerOptions } from '../../src/logger.ts'

function aLogger(level = 'info'): { log: Logger; written: () => string } {
  let text = ''
  const sink = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString()
      done()
    },
  })
  return { log: pino(loggerOptions(level), sink), written: () => text }
}

it('a request is logged by method, route and id, never with its path, query or headers', () => {
  const { log, written } = aLogger()

  log.info({
    req: {
      method: 'GET',
      url: '/renew/hunter2?api_secret=hunter2',
      routeOptions: { url: '/renew/:token' },
      id: 'req_1',
      headers: { authorization: 'token k:hunter2' },
    },
  })

  expect(JSON.parse(written())).toMatchObject({
    req: { method: 'GET', route: '/renew/:token', id: 'req_1' },
  })
  expect(written()).not.toContain('hunter2')
})

it.each(['api_secret', 'authorization', 'access_token', 'iban', 'redirect_url'])(
  '%s is redacted down to the third level',
  (name) => {
    const { log, written } = aLogger()

    log.info({ [name]: 'hunter2', a: { [name]: 'hunter2', b: { [name]: 'hunter2' } } })

    expect(written()).not.toContain('hunter2')
    expect(written().match(/\[redacted\]/g)).toHaveLength(3)
  },
)

it('what an error carries, a list holds or a child logger is bound to is redacted too', () => {
  const { log, written } = aLogger()
  const error = Object.assign(new Error('failed'), { token: 'hunter2', in: { iban: 'hunter2' } })

  log.error({ err: error, list: [{ secret: 'hunter2' }] }, 'failed')
  log.child({ api_key: 'hunter2' }).info({ room: 'relay' })

  expect(written()).not.toContain('hunter2')
  expect(written()).toContain('"message":"failed"')
  expect(written()).toContain('"room":"relay"')
})

it('an error that passes by itself is told with its causes, and without a stack', () => {
  const { log, written } = aLogger()
  const cause = new Error('refused')

  log.warn({ err: new StoreAwayError('The database is away', { cause }) }, 'not stored')
  log.warn({ err: new StoreBusyError('The database is busy') }, 'not stored')

  const [away, busy] = written()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
  expect(away.err).toEqual({
    type: 'StoreAwayError',
    name: 'StoreAwayError',
    message: 'The database is away: refused',
  })
  expect(busy.err.stack).toContain('logger.test.ts')
})

it('nor does anything hide a secret: an object of a class, one without a prototype, an error in an error', () => {
  const { log, written } = aLogger()
  class Held {
    token = 'hunter2'
  }
  const bare = Object.assign(Object.create(null) as object, { iban: 'hunter2' })
  const inner = Object.assign(new Error('inner'), { secret: 'hunter2' })
  const loop: unknown[] = []
  loop.push(loop)

  log.info({ held: new Held(), bare, inner, loop, at: new Date(0) }, 'shown')
  log.error({ err: Object.assign(new Error('outer'), { inner }) }, 'failed')
  log.error({ err: 'only a text' }, 'failed')

  expect(written()).not.toContain('hunter2')
  expect(written()).toContain('1970-01-01')
  expect(written()).toContain('"err":"only a text"')
})

it('the object that is logged is left as it was', () => {
  const { log } = aLogger()
  const facts = { a: { secret: 'hunter2' } }

  log.info(facts)

  expect(facts).toEqual({ a: { secret: 'hunter2' } })
})

it('the level is the one asked for', () => {
  const { log, written } = aLogger('warn')

  log.info('quiet')
  log.warn('loud')

  expect(written()).not.toContain('quiet')
  expect(written()).toContain('loud')
})

it('whatever is in an entry, it is one line of visible characters that says the same', () => {
  const { log, written } = aLogger()
  const said = 'a\nb\u001b[2J\u009b31m\u202e\u2028\u200b\u{e0041}é'

  log.info({ said, err: new Error(said) }, said)

  const line = written()
  expect(line.slice(0, -1)).toMatch(/^[\x20-\x7eé]*$/)
  expect(line.endsWith('\n')).toBe(true)
  expect(JSON.parse(line)).toMatchObject({ said, msg: said, err: { message: said } })
})
