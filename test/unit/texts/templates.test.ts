import { expect, test } from 'vitest'
import { fill, translate } from '../../../src/texts/templates.ts'

const english = { gone: 'Gone', late: 'Late by {minutes} minutes, at {place}' } as const

test('a translation has the same keys, and in each text the same values, in any order', () => {
  const french = translate(english, { gone: 'Parti', late: 'À {place}, {minutes} min de retard' })

  expect(fill(french.late, (name) => `<${name}>`)).toBe('À <place>, <minutes> min de retard')
})

// Compiled, never run: `npm run typecheck` fails when one of these is no mistake any more.
export const mistakes = [
  // @ts-expect-error a text is missing
  () => translate(english, { gone: 'Parti' }),
  () => {
    const late = 'À {place}, {minutes} min de retard'
    // @ts-expect-error a text that the original has not
    return translate(english, { gone: 'Parti', late, early: 'Tôt' })
  },
  // @ts-expect-error a value is left out
  () => translate(english, { gone: 'Parti', late: 'À {place}, en retard' }),
  // @ts-expect-error a value that the original has not
  () => translate(english, { gone: 'Parti, {name}', late: 'À {place}, {minutes} min de retard' }),
  // @ts-expect-error a value is misspelt
  () => translate(english, { gone: 'Parti', late: 'À {place}, {minute} min de retard' }),
]
