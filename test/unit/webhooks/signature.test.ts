import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { signatureHeaders } from '../../../src/webhooks/relay/signature.ts'

const key = Buffer.from('a key of thirty-two bytes, so so')
const secret = `whsec_${key.toString('base64')}`
const older = `whsec_${Buffer.alloc(32, 9).toString('base64')}`
const body = Buffer.from('{"type":"item.refreshed","name":"Crédit"}')
const at = 1_741_608_300_999

const expected = (bytes: Buffer): string => {
  const signed = Buffer.concat([Buffer.from('evt_1.1741608300.'), body])
  return `v1,${createHmac('sha256', bytes).update(signed).digest('base64')}`
}

test('a webhook is signed as Standard Webhooks asks: id, whole seconds and body', () => {
  const headers = signatureHeaders({ id: 'evt_1', at, body, secrets: [secret] })

  expect(headers).toMatchObject({
    'webhook-id': 'evt_1',
    'webhook-timestamp': '1741608300',
    'webhook-signature': expected(key),
  })
})

test('while a secret rotates, both sign, the newest first', () => {
  const headers = signatureHeaders({ id: 'evt_1', at, body, secrets: [secret, older] })

  expect(headers['webhook-signature']).toBe(`${expected(key)} ${expected(Buffer.alloc(32, 9))}`)
})

test('a Frappe site verifies the body with the newest secret as text', () => {
  const headers = signatureHeaders({ id: 'evt_1', at, body, secrets: [secret, older] })

  expect(headers['x-frappe-webhook-signature']).toBe(
    createHmac('sha256', secret).update(body).digest('base64'),
  )
})

test('without a proper secret nothing is signed', () => {
  expect(() => signatureHeaders({ id: 'evt_1', at, body, secrets: [] })).toThrow('needs a secret')
  expect(() => signatureHeaders({ id: 'evt_1', at, body, secrets: ['x'] })).toThrow('whsec_')
})
