import * as fc from 'fast-check'
import { expect, it } from 'vitest'
import { feedCursor, readFeedCursor } from '../../../src/vault/feed-cursor.ts'
import { createKeyring } from '../../../src/vault/keyring.ts'
import { testKeyring } from '../../support/tenants.ts'

const keyring = testKeyring()

it('a position comes back to its tenant, to the second', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 31), fc.nat(9e12), (seq, at) => {
      const cursor = feedCursor(keyring, 'ten_1', { seq: seq * 1_000, at })

      expect(cursor).toMatch(/^[\w-]{22}$/)
      expect(readFeedCursor(keyring, 'ten_1', cursor)).toEqual({
        seq: seq * 1_000,
        at: at - (at % 1_000),
      })
    }),
  )
})

it('it is nobody’s to another tenant, another installation, and once a letter of it is changed', () => {
  const cursor = feedCursor(keyring, 'ten_1', { seq: 7, at: 9_000 })
  const others = { pepper: Buffer.alloc(32, 9), dataKeys: [{ id: 'd', key: Buffer.alloc(32) }] }
  const changed = Array.from(cursor.slice(0, 21)).map((letter, nth) => {
    return cursor.slice(0, nth) + (letter === 'A' ? 'B' : 'A') + cursor.slice(nth + 1)
  })

  expect(readFeedCursor(keyring, 'ten_2', cursor)).toBeUndefined()
  expect(readFeedCursor(createKeyring(others), 'ten_1', cursor)).toBeUndefined()
  for (const one of [...changed, '', `${cursor}A`, cursor.slice(1)]) {
    expect(readFeedCursor(keyring, 'ten_1', one)).toBeUndefined()
  }
})

it('it does not show its place: neighbours have nothing in common', () => {
  const [one, two] = [7, 8].map((seq) => feedCursor(keyring, 'ten_1', { seq, at: 9_000 }))

  expect(one?.slice(0, 4)).not.toBe(two?.slice(0, 4))
})
