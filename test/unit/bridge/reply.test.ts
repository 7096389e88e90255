import { expect, test } from 'vitest'
import { readProblem } from '../../../src/bridge/transport/reply.ts'

const problem = (body: unknown) => readProblem(Buffer.from(JSON.stringify(body)))

test('a problem is named by a short word alone, for a long one may be anything', () => {
  expect(problem({ code: 'x'.repeat(80) })).toEqual({ code: 'x'.repeat(80) })
  expect(problem({ code: 'x'.repeat(81), property: 'iban' })).toEqual({ property: 'iban' })
})
