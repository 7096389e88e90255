import { randomBytes } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createKeyring, keyIdOf, open, seal } from '../../../src/vault/keyring.ts'
import { testKeyring } from '../../support/tenants.ts'

const old = { id: 'd1', key: randomBytes(32) }
const newest = { id: 'd2', key: randomBytes(32) }

describe('sealing', () => {
  it('what was sealed opens for its row, whatever it is', () => {
    const keyring = testKeyring()
    fc.assert(
      fc.property(fc.uint8Array(), fc.string(), (bytes, row) => {
        const plain = Buffer.from(bytes)

        expect(keyring.open(keyring.seal(plain, row), row)).toEqual(plain)
      }),
    )
  })

  it('the same text sealed twice looks different, and never shows', () => {
    const keyring = testKeyring()

    const [one, two] = [keyring.seal('whsec_abc', 'r'), keyring.seal('whsec_abc', 'r')]

    expect(one.equals(two)).toBe(false)
    expect(one.includes('whsec')).toBe(false)
  })

  it('moved to another row it does not open', () => {
    const keyring = testKeyring()
    const sealed = keyring.seal('secret', 'sites/a/webhook_secret')

    expect(() => keyring.open(sealed, 'sites/b/webhook_secret')).toThrow()
  })

  it('with any byte changed it does not open', () => {
    const keyring = testKeyring()
    const sealed = keyring.seal('secret', 'row')

    for (const index of sealed.keys()) {
      const changed = Buffer.from(sealed)
      changed.writeUInt8(changed.readUInt8(index) ^ 1, index)
      expect(() => keyring.open(changed, 'row')).toThrow()
    }
  })

  it('cut short anywhere it does not open: a shorter tag is no tag', () => {
    const keyring = testKeyring()
    const sealed = keyring.seal('', 'row')

    for (let length = 0; length < sealed.length; length += 1) {
      expect(() => keyring.open(sealed.subarray(0, length), 'row')).toThrow()
    }
  })

  it('the newest key seals, and the older ones still open what they sealed', () => {
    const keyring = createKeyring({ pepper: randomBytes(32), dataKeys: [old, newest] })

    expect(keyIdOf(keyring.seal('x', 'row'))).toBe('d2')
    expect(keyring.open(seal(old, 'x', 'row'), 'row').toString()).toBe('x')
  })

  it('what a missing key sealed does not open, and the error names the key', () => {
    expect(() => open([newest], seal(old, 'x', 'row'), 'row')).toThrow('d1')
  })

  it('another key of the same id does not open it', () => {
    const impostor = { id: 'd1', key: randomBytes(32) }

    expect(() => open([impostor], seal(old, 'x', 'row'), 'row')).toThrow()
  })

  it('a keyring without a data key is refused', () => {
    expect(() => createKeyring({ pepper: randomBytes(32), dataKeys: [] })).toThrow('data key')
  })
})

describe('hashing', () => {
  it('depends on text, purpose and pepper, and on nothing else', () => {
    const keyring = testKeyring()
    const other = createKeyring({ pepper: randomBytes(32), dataKeys: [newest] })
    const hash = keyring.hash('p', 'text')

    expect(hash).toHaveLength(32)
    expect(testKeyring().hash('p', 'text')).toEqual(hash)
    expect(keyring.hash('q', 'text')).not.toEqual(hash)
    expect(keyring.hash('p', 'texu')).not.toEqual(hash)
    expect(other.hash('p', 'text')).not.toEqual(hash)
  })

  it('no purpose can be taken for another’s text', () => {
    const keyring = testKeyring()

    expect(keyring.hash('ab', 'c')).not.toEqual(keyring.hash('a', 'bc'))
  })
})
