import { expect, test } from 'vitest'
import { z } from 'zod'
import { checkAnswer } from '../../../src/frappe/check-answer.ts'
import { JsonBytes } from '../../../src/json-bytes.ts'

const rows = z.array(z.strictObject({ id: z.int(), at: z.iso.datetime().optional() }))
const written = (...pieces: string[]) => new JsonBytes(pieces.map((piece) => Buffer.from(piece)))

test.each([
  ['objects', [{ id: 1 }, { id: 2 }]],
  ['bytes', written('[{"id":1}', ',{"id":2}]')],
  ['a time, which is written as text', [{ id: 1, at: new Date(0) }]],
  ['what is left out when it is written', [{ id: 1, at: undefined }]],
])('an answer of %s that its result allows passes', (_what, answer) => {
  expect(() => checkAnswer('app.rows', rows, answer)).not.toThrow()
})

test.each([
  ['a wrong type in objects', [{ id: 1 }, { id: 'two' }], '1.id'],
  ['a wrong type in bytes', written('[{"id":1},', '{"id":"two"}]'), '1.id'],
  ['a key that is nowhere promised', [{ id: 1, iban: 'FR76' }], 'iban'],
  ['nothing at all', undefined, 'expected array'],
])('%s fails, and the error names method and place, never the value', (_what, answer, place) => {
  const checking = () => checkAnswer('app.rows', rows, answer)

  expect(checking).toThrow(/^app\.rows answered what its result does not allow/)
  expect(checking).toThrow(place)
  expect(checking).not.toThrow(/two|FR76/)
})
