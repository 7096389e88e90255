import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type AppError, DoesNotExistError, ValidationError } from '../../../src/errors.ts'
import { french } from '../../../src/texts/french.ts'
import { pinned } from '../../../src/texts/pinned.ts'
import { say, text } from '../../../src/texts/say.ts'

test('a text is said in each language, with its values', () => {
  const missing = text('item_not_found', { id: 7 })

  expect(say(missing, 'en')).toBe('Item 7 not found')
  expect(say(missing, 'fr')).toBe('Connexion 7 introuvable')
})

test('a text within a text is said in the same language', () => {
  const advice = text('advice.account')
  const tooMany = text('too_many_transactions.to_look_through', { most: 2500, advice })

  expect(say(tooMany, 'en')).toBe(
    'There are more than 2500 transactions to look through: ask by account_id',
  )
  expect(say(tooMany, 'fr')).toBe(
    'Il y a plus de 2500 opérations à parcourir\u00a0: demandez-les par compte avec account_id',
  )
})

test('what a caller wrote stands in a text as it is, braces and all', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.constantFrom('{id}', '{name}', '$&')), (name) => {
      expect(say(text('user_not_found', { name }), 'fr')).toBe(`Utilisateur ${name} introuvable`)
    }),
  )
})

test('in French no line begins with a sign of ours, and a name keeps what its owner wrote', () => {
  const named = text('site_not_found', { name: 'a : b' })
  const invalid = text('argument_invalid.text', { name: 'a : b' })

  expect(say(named, 'fr')).toBe('Site a : b introuvable')
  expect(say(invalid, 'fr')).toBe("L’argument 'a : b' n’est pas valide\u00a0: un texte est attendu")
})

test('no sentence in French has an apostrophe of a typewriter', () => {
  expect(Object.values(french).filter((said) => /\p{L}'\p{L}/u.test(said))).toEqual([])
})

test('what Frappe pins is the same in every language', () => {
  const texts = [
    text('verb_not_allowed'),
    text('credentials_missing', { method: 'frappe.client.get' }),
    text('method_unknown', { method: 'x.y', reason: "No module named 'x'" }),
    text('method_unknown.v2', { method: 'x.y', reason: "No module named 'x'" }),
    text('arguments_unreadable'),
    text('body_unreadable'),
  ]

  expect(texts.map(({ key }) => key).toSorted()).toEqual(Object.keys(pinned).toSorted())
  for (const each of texts) expect(say(each, 'fr')).toBe(say(each, 'en'))
})

test('an error is its text: the English sentence for the log, the status and type of its code', () => {
  const error: AppError = new ValidationError('argument_required', { name: 'item_id' })

  expect(error).toMatchObject({
    message: "Argument 'item_id' is required",
    status: 417,
    excType: 'MandatoryError',
  })
  expect(say(error.text, 'fr')).toBe("L’argument 'item_id' est obligatoire")
})

// Compiled, never run: `npm run typecheck` fails when one of these is no mistake any more.
export const mistakes = [
  // @ts-expect-error no such text
  () => text('item_lost'),
  // @ts-expect-error its value is missing
  () => text('item_not_found'),
  // @ts-expect-error another value's name
  () => text('item_not_found', { name: 7 }),
  // @ts-expect-error a value that the text does not know
  () => text('item_not_found', { id: 7, name: 'x' }),
  // @ts-expect-error a value for a text that has none
  () => text('too_many_calls', { seconds: 7 }),
  // @ts-expect-error a sentence in one language, where one in every language belongs
  () => text('too_many_transactions', { most: 1, advice: 'ask for less' }),
  // @ts-expect-error a sentence instead of a key
  () => new ValidationError('Give item_id or user'),
  // @ts-expect-error a value's name is wrong
  () => new ValidationError('argument_required', { argument: 'item_id' }),
  // @ts-expect-error a text that belongs to another kind of error
  () => new DoesNotExistError('argument_required', { name: 'item_id' }),
  // @ts-expect-error an advice is no error
  () => new ValidationError('advice.account'),
]
