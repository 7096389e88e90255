import { expect, test } from 'vitest'
import { prose } from '../../../src/html/elements.ts'

test('what stands between backticks is code, and nothing of the text becomes markup', () => {
  const { markup } = prose('Look at `a < b`, <b>then</b> go on')

  expect(markup).toBe('Look at <code>a &lt; b</code>, &lt;b&gt;then&lt;/b&gt; go on')
})
