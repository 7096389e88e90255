import { describe, expect, test } from 'vitest'
import { callMethod } from '../../support/app.ts'
import {
  expectNothingLeaked,
  methodsUnderTest,
  twoTenants,
  type MethodUnderTest,
} from './two-tenants.ts'

interface Refused {
  title: string
  change: Record<string, unknown>
  status: 404 | 413 | 417
  excType: string
  /** The answer names the argument. */
  names?: string
}

const numbers = new Set(['item_id', 'account_id', 'bank_id', 'category_id', 'limit'])
const dates = new Set(['since', 'until', 'min_date', 'max_date'])
const choices = new Set(['country', 'account_types', 'email', 'cursor'])

/** What is wrong with an argument whatever it means, then what is wrong with one of its kind. */
function refusalsOf(method: MethodUnderTest): Refused[] {
  const wrong = (name: string, title: string, value: unknown): Refused => ({
    title: `${name} is ${title}`,
    change: { [name]: value },
    status: 417,
    excType: 'ValidationError',
    names: name,
  })
  const missing = method.required.flatMap((name): Refused[] =>
    [undefined, null, '', '  '].map((value) => ({
      title: `${name} is missing (${JSON.stringify(value)})`,
      change: { [name]: value },
      status: 417,
      excType: 'MandatoryError',
      names: name,
    })),
  )
  const shapes = method.arguments.flatMap((name) => [
    wrong(name, 'an object', { a: 1 }),
    wrong(name, 'a list', [1]),
    wrong(name, 'a boolean', true),
    wrong(name, 'huge', 'x'.repeat(20_000)),
  ])
  const kinds = method.arguments.flatMap((name) => {
    if (numbers.has(name)) {
      return [
        0,
        -1,
        1.5,
        1e30,
        '1.5',
        '0x10',
        '1e3',
        'NaN',
        '9'.repeat(17),
        '9'.repeat(24),
        '٤٢',
      ].map((value) => wrong(name, `the number ${JSON.stringify(value)}`, value))
    }
    if (dates.has(name)) {
      return [
        'yesterday',
        '2025-02-30',
        '2025-13-01',
        '-271821-04-20T00:00:00Z',
        '+275760-09-13T00:00Z',
      ].map((value) => wrong(name, `the date ${value}`, value))
    }
    return choices.has(name) ? [wrong(name, 'none we know', 'XX')] : []
  })
  const unknown = Object.entries({
    item_id: 999_999_999,
    account_id: 999_999_999,
    category_id: 9,
    bank_id: 9,
    request: 'nobody',
    site: 'nowhere.test',
  })
    .filter(([name]) => method.arguments.includes(name))
    .map(([name, value]): Refused => ({
      title: `${name} is unknown`,
      change: { [name]: value },
      status: 404,
      excType: 'DoesNotExistError',
    }))
  const body: Refused = {
    title: 'the body is too large',
    change: { padding: 'x'.repeat(300_000) },
    status: 413,
    excType: 'ValidationError',
  }
  return [...missing, ...shapes, ...kinds, ...unknown, body]
}

describe.each(methodsUnderTest)('$name', (method) => {
  test('answers a call with arguments that fit', async () => {
    const held = await twoTenants()

    const answer = await callMethod(held.app, method.name, method.fitting(held), {
      as: held.acme.siteKey,
    })

    expect(answer).toMatchObject({ status: 200, message: expect.anything() })
    expect(held.bridge.unhandled).toEqual([])
  })

  test('refuses every bad argument with one line that names it; nothing is stored, no connection is opened', async () => {
    const held = await twoTenants()
    const before = held.tables()
    const wrong: unknown[] = []

    for (const { title, change, status, excType, names = '' } of refusalsOf(method)) {
      const params = { ...method.fitting(held), ...change }
      const answer = await callMethod(held.app, method.name, params, { as: held.acme.siteKey })

      const isRight =
        answer.status === status &&
        answer.body.exc_type === excType &&
        answer.body.exception.includes(names) &&
        answer.body.exception.length < 300 &&
        // What is wrong is never all: it is said what would be right.
        !answer.body.exception.endsWith('is not valid') &&
        answer.message === undefined
      if (!isRight) wrong.push({ title, status: answer.status, text: answer.text.slice(0, 300) })
      expectNothingLeaked(held, answer.text)
    }

    expect(wrong).toEqual([])
    expect(held.tables()).toEqual(before)
    expect(held.world.sessions).toEqual([])
  })
})
