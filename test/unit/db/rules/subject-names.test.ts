import { expect, it } from 'vitest'
import { looksFor, subjectsMeant } from '../../../../src/db/rules/subject-names.ts'

const kindsOf = (word: string) => [...new Set(looksFor(word, word).map(({ kind }) => kind))]

it('a word means by its shape: a number, the beginning of an id, or a name alone', () => {
  expect(kindsOf('4568477')).toEqual(['item', 'account'])
  expect(kindsOf('evt_23oc')).toEqual(['event', 'user', 'site'])
  expect(kindsOf('req_')).toEqual(['call', 'user', 'site'])
  expect(kindsOf('abc_23oc')).toEqual(['user', 'site'])
  expect(kindsOf('abcdef')).toEqual(['request', 'user', 'site'])
  expect(kindsOf('erp.acme.test')).toEqual(['user', 'site'])
})

it('an item that went is known by what it left', () => {
  const tables = looksFor('7', '7').flatMap(({ kind, table }) => (kind === 'item' ? table : []))

  expect(tables).toEqual(['items', 'calls', 'events', 'connectRequests'])
})

it('what has the word as its whole id is meant alone, not what only begins or is called so', () => {
  const whole = { kind: 'request', id: 'abcdef' } as const
  const others = [{ kind: 'user', id: 'usr_1' } as const, { kind: 'site', id: 'sit_1' } as const]

  expect(subjectsMeant([...others, whole], 'abcdef', 1)).toEqual([whole])
  expect(subjectsMeant(others, 'abcdef', 1)).toEqual(others.slice(0, 1))
})

it('what was found twice is meant once', () => {
  const item = { kind: 'item', id: '7' } as const
  const account = { kind: 'account', id: '7' } as const

  expect(subjectsMeant([item, { ...item }, account], '007', 9)).toEqual([item, account])
})
