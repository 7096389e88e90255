import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  chosenByName,
  chosenSite,
  chosenUser,
  takenOver,
} from '../../../../src/db/rules/name-choice.ts'

const aName = fc.constantFrom('Ann', 'ann', 'ANN')
const someRows = fc.uniqueArray(fc.record({ name: aName, removedAt: fc.constantFrom(null, 1) }), {
  selector: ({ name }) => name,
})

describe('whom a name means', () => {
  it('the one of exactly that name whatever else is called alike, and nobody by guessing', () => {
    fc.assert(
      fc.property(aName, someRows, (name, called) => {
        const choice = chosenByName(name, called)

        const exact = called.find((row) => row.name === name)
        if (exact) {
          expect(choice).toEqual({ kind: 'one', row: exact })
          return
        }
        const kinds = ['none', 'one', 'ambiguous', 'ambiguous'] as const
        expect(choice.kind).toBe(kinds[called.length])
      }),
    )
  })

  it('a site that is being deleted hides no other, and keeps its name from a new one', () => {
    fc.assert(
      fc.property(aName, someRows, (name, called) => {
        const choice = chosenSite(name, called)

        const exact = called.some((site) => site.name === name)
        const living = called.filter(({ removedAt }) => removedAt === null)
        if (called.length > 0) expect(choice.kind).not.toBe('none')
        if (choice.kind === 'one' && !exact && living.length > 0) {
          expect(choice.row.removedAt).toBeNull()
        }
        expect(choice.kind === 'ambiguous').toBe(!exact && living.length > 1)
      }),
    )
  })

  it('the default user has no other spelling', () => {
    const like = [{ name: ' ' }, { name: '  ' }]

    expect(chosenUser('', like)).toEqual({ kind: 'none' })
    expect(chosenUser('', [...like, { name: '' }])).toEqual({ kind: 'one', row: { name: '' } })
    expect(chosenUser('x', like)).toEqual({ kind: 'ambiguous' })
  })

  it('a first name takes over the default user when there is no other user', () => {
    fc.assert(
      fc.property(fc.constantFrom('', 'ann'), fc.array(fc.constantFrom('', 'bob')), (name, all) => {
        const heir = takenOver(
          name,
          all.map((other) => ({ name: other })),
        )

        const isLonely = all.length === 1 && all[0] === ''
        expect(heir).toEqual(name !== '' && isLonely ? { name: '' } : undefined)
      }),
    )
  })
})
