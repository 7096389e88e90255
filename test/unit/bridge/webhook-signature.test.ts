import { expect, test } from 'vitest'
import { verifyBridgeSignature } from '../../../src/bridge/events/webhook-signature.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'

const body = Buffer.from(
  '{"content":{"item_id":1234567890,"status":0,"user_uuid":"9a95b38f-f98b-417a-988b-9d0d584893e7"},"timestamp":1611681789,"type":"TEST_EVENT"}',
)
const present = 'v1=3A202A00873C00EA7750E5ECCDADADF69C4CEA9F5B93AF8751DBBB86C329464E'
const previous = 'v1=285359F7861E1CF42C23A72E52C1B1F535104199610F7E28DFF5948E5389ECC6'
const secrets = ['test-webhook-secret', 'previous-webhook-secret']

test.each([
  ['the present secret', present, ['test-webhook-secret']],
  ['the previous secret', previous, ['previous-webhook-secret']],
  ['any of the secrets', previous, secrets],
  ['one of two signatures', `${previous},${present}`, ['test-webhook-secret']],
  ['a signature after a blank', `${previous}, ${present}`, ['test-webhook-secret']],
  ['lower case', present.toLowerCase(), secrets],
  ['the tenth of ten', `${'v2=abc,'.repeat(9)}${present}`, secrets],
  ['a scheme we do not know beside it', `v2=abc,t=1,${present}`, secrets],
])('a body signed with %s is Bridge’s', (_, header, known) => {
  expect(verifyBridgeSignature(header, body, known)).toBe(true)
})

test.each([
  ['no header', undefined],
  ['an empty header', ''],
  ['a wrong signature', present.replace('3A', '3B')],
  ['a cut signature', present.slice(0, -2)],
  ['a longer signature', `${present}00`],
  ['no hexadecimal', `v1=${'Z'.repeat(64)}`],
  ['another scheme', present.replace('v1', 'v2')],
  ['no scheme', present.slice(3)],
  ['a scheme in capitals', present.replace('v1', 'V1')],
  ['a scheme that only ends as ours does', `x${present}`],
  ['what has our scheme further on', `t=1;${present}`],
  ['the eleventh of eleven', `${'v2=abc,'.repeat(10)}${present}`],
  ['thousands of commas', ','.repeat(10_000) + present],
])('%s is not Bridge’s', (_, header) => {
  expect(verifyBridgeSignature(header, body, secrets)).toBe(false)
})

test('one changed byte is not Bridge’s', () => {
  const changed = Buffer.from(body.toString().replace('"status":0', '"status":1'))

  expect(verifyBridgeSignature(`${present},${previous}`, changed, secrets)).toBe(false)
})

test('without a secret nothing is Bridge’s, not even what is signed with an empty one', () => {
  expect(verifyBridgeSignature(present, body, [])).toBe(false)
  expect(verifyBridgeSignature(signBridgeWebhook(body, ''), body, [''])).toBe(false)
})
