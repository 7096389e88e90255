import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { verifyBridgeSignature } from '../../../src/bridge/events/webhook-signature.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'

const secret = fc.string({ minLength: 1, unit: 'binary' })
const body = fc.uint8Array()

test('what one of our secrets signed is taken, in whichever order the secrets are', () => {
  fc.assert(
    fc.property(body, fc.uniqueArray(secret, { minLength: 1, maxLength: 3 }), (bytes, secrets) => {
      const header = signBridgeWebhook(bytes, ...secrets.toReversed())

      for (const one of secrets) expect(verifyBridgeSignature(header, bytes, [one])).toBe(true)
      expect(verifyBridgeSignature(header, bytes, secrets)).toBe(true)
    }),
  )
})

test('what another secret signed, or another body, is refused', () => {
  fc.assert(
    fc.property(body, secret, secret, fc.nat(), (bytes, ours, theirs, position) => {
      fc.pre(ours !== theirs)
      const changed = Uint8Array.from([...bytes, 0])
      const index = position % changed.length
      changed[index] = (changed[index] ?? 0) ^ 1

      expect(verifyBridgeSignature(signBridgeWebhook(bytes, theirs), bytes, [ours])).toBe(false)
      expect(verifyBridgeSignature(signBridgeWebhook(bytes, ours), changed, [ours])).toBe(false)
    }),
  )
})

test('no header makes it throw', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (header) => {
      expect(verifyBridgeSignature(header, Buffer.from('{}'), ['secret'])).toBe(false)
    }),
  )
})
