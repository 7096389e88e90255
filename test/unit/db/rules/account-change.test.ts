import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isAccountNews, keptFingerprint } from '../../../../src/db/rules/account-change.ts'
import { anItemId } from './rows.ts'

const aPrint = fc.option(
  fc.constantFrom('a', 'b').map((text) => Buffer.from(text)),
  { nil: null },
)

describe('an account that Bridge listed', () => {
  it('is news when it is unknown; and what is known of it is not given up while its item stays', () => {
    fc.assert(
      fc.property(
        fc.option(fc.record({ itemId: anItemId, ibanFingerprint: aPrint }), { nil: undefined }),
        fc.record({ itemId: anItemId, ibanFingerprint: aPrint }),
        fc.boolean(),
        (known, listed, isCompared) => {
          const kept = keptFingerprint(known, listed, { isCompared })

          if (known?.itemId === listed.itemId && known.ibanFingerprint) {
            expect(kept).toBe(known.ibanFingerprint)
          } else if (known?.itemId === listed.itemId && isCompared) {
            expect(kept).toBeNull()
          } else expect(kept).toBe(listed.ibanFingerprint)
        },
      ),
    )
  })

  it('is news once: what was written of it is none any more', () => {
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), fc.boolean(), (hadIban, hadPrint, hasIban) => {
        const known = { hasIban: hadIban, hasPrint: hadPrint, mayReplace: false, compareFrom: null }
        const written = {
          ...known,
          hasIban: hadIban || hasIban,
          hasPrint: hadPrint || hasIban,
        }
        expect(isAccountNews(undefined, { hasIban })).toBe(true)
        expect(isAccountNews(known, { hasIban })).toBe(hasIban && !(hadIban && hadPrint))
        expect(isAccountNews(written, { hasIban })).toBe(false)
        expect(isAccountNews({ ...written, mayReplace: true }, { hasIban })).toBe(true)
        const compared = { ...written, hasIban: hadIban, compareFrom: 1 }
        expect(isAccountNews(compared, { hasIban })).toBe(false)
      }),
    )
  })
})
