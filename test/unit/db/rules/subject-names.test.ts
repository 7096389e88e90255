import { expect, it } from 'vitest'
import { meaningOf, subjectsMeant } from '../../../../src/db/rules/subject-names.ts'

it('a word means by its shape: a number, the beginning of an id, or a name alone', () => {
  expect(meaningOf('4568477')).toEqual({ number: 4568477 })
  expect(meaningOf('evt_23oc')).toEqual({ idOf: 'event' })
  expect(meaningOf('req_')).toEqual({ idOf: 'call' })
  expect(meaningOf('abc_23oc')).toEqual({ idOf: undefined })
  expect(meaningOf('abcdef')).toEqual({ idOf: 'request' })
  expect(meaningOf('erp.acme.test')).toEqual({ idOf: undefined })
})

it('what has the word as its whole id is meant alone, not what only begins or is called so', () => {
  const whole = { kind: 'request', id: 'abcdef' } as const
  const others = [{ kind: 'user', id: 'usr_1' } as const, { kind: 'site', id: 'sit_1' } as const]

  expect(subjectsMeant([...others, whole], 'abcdef', 1)).toEqual([whole])
  expect(subjectsMeant(others, 'abcdef', 1)).toEqual(others.slice(0, 1))
})
