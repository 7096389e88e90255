import { expect, test } from 'vitest'
import { prose } from '../../../src/html/parts.ts'

test('a sign that French writes behind a space begins no line, and a command stays as it is', () => {
  const { markup } = prose('Une fois réparé : « oui » ; sinon `a : b` ?')

  expect(markup).toBe(
    'Une fois réparé\u00a0: «\u00a0oui\u00a0»\u00a0; sinon <code>a : b</code>\u00a0?',
  )
})
