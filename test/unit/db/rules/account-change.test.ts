import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  comparedAccounts,
  isAccountNews,
  keptFingerprint,
} from '../../../../src/db/rules/account-change.ts'
import { anItemId } from './rows.ts'

const aPrint = fc.option(
  fc.constantFrom('a', 'b').map((text) => Buffer.from(text)),
  { nil: null },
)
const anAccount = fc.record({ id: fc.integer({ min: 1, max: 5 }), ibanFingerprint: aPrint })
const someAccounts = fc.uniqueArray(anAccount, { selector: ({ id }) => id })
const someKnown = fc.uniqueArray(
  fc.record({
    id: fc.integer({ min: 1, max: 5 }),
    itemId: fc.constantFrom(7, 8),
    ibanFingerprint: aPrint,
  }),
  { selector: ({ id }) => id },
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

describe('accounts that were compared', () => {
  it('are exactly those there now, and of those that left the IBAN is forgotten', () => {
    fc.assert(
      fc.property(someKnown, someAccounts, (known, present) => {
        const { kept, left } = comparedAccounts(7, known, present)

        expect(kept.map(({ id }) => id)).toEqual(present.map(({ id }) => id))
        const all = new Set([...kept.map(({ id }) => id), ...left])
        for (const { id } of known) expect(all.has(id)).toBe(true)
        for (const id of left) expect(present.some((account) => account.id === id)).toBe(false)
      }),
    )
  })

  it('keep an IBAN that Bridge withholds, if it is of this item, and take one that it shows', () => {
    fc.assert(
      fc.property(someKnown, someAccounts, (known, present) => {
        for (const { id, ibanFingerprint } of comparedAccounts(7, known, present).kept) {
          const shown = present.find((account) => account.id === id)?.ibanFingerprint
          const of = known.find((account) => account.id === id && account.itemId === 7)
          const before = of?.ibanFingerprint
          expect(ibanFingerprint).toBe(shown ?? before ?? null)
        }
      }),
    )
  })
})
