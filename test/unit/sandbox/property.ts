import * as fc from 'fast-check'
import { test as vitest } from 'vitest'

/** A test that holds for every value: `test.prop({ a: fc.nat() })('title', ({ a }) => …)`. */
export const test = {
  prop:
    <Values extends Record<string, unknown>>(
      arbitraries: { [Name in keyof Values]: fc.Arbitrary<Values[Name]> },
      options: fc.Parameters<[Values]> = {},
    ) =>
    (title: string, check: (values: Values) => void | Promise<void>) => {
      const all = fc.record(arbitraries) as fc.Arbitrary<Values>
      vitest(title, async () => {
        await fc.assert(
          fc.asyncProperty(all, async (values) => check(values)),
          options,
        )
      })
    },
}
export { fc }
