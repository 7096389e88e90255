import * as fc from 'fast-check'
import type { InjectOptions } from 'fastify'
import { expect, test } from 'vitest'
import { parseAuthorization } from '../../../src/frappe/credentials.ts'
import { mergeParameters, parseFields, toArguments } from '../../../src/frappe/parameters.ts'
import { aSite, token } from './site.ts'
import { inForm } from '../../support/form.ts'

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'] as const

const headerText = fc.string({
  unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)),
  maxLength: 60,
})

const name = fc.oneof(
  fc
    .constantFrom('echo', 'get_bank_accounts', 'get_bridge_item_id', 'open_to_all')
    .map((method) => `bank_api.bridge.${method}`),
  fc.constantFrom('ping', 'logout', 'frappe.auth.get_logged_user', '__proto__', 'constructor'),
  fc.webSegment(),
)

const url = fc
  .tuple(
    fc.oneof(
      fc.constantFrom('/', '/api', '/api/', '/api/method', '/api/v2', '/%', '/api/method/%E9'),
      fc
        .tuple(fc.constantFrom('/api/method/', '/api/v1/method/', '/api/v2/method/', '/api/'), name)
        .map((parts) => parts.join('')),
    ),
    fc.constantFrom('', '/', '/x//y'),
    fc.oneof(
      fc.webQueryParameters(),
      fc.stringMatching(/^[ -"$-~]*$/).map((text) => text.replaceAll(' ', '+')),
    ),
  )
  .map(([path, end, query]) => `${path}${end}?${query}`)

const contentType = fc.oneof(
  fc.constantFrom(
    'application/json',
    'application/json; charset=latin1',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=b',
    'multipart/form-data',
    'text/plain',
    'application/problem+json',
  ),
  headerText,
)

const body = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.json(),
  fc.webQueryParameters(),
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc
    .tuple(fc.string(), fc.string())
    .map(
      ([disposition, value]) =>
        `--b\r\nContent-Disposition: form-data; name="${disposition}"\r\n\r\n${value}\r\n--b--\r\n`,
    ),
)

const authorization = fc.oneof(
  fc.constant(token),
  fc.constant(undefined),
  headerText,
  fc.base64String().map((text) => `Basic ${text}`),
)

const request = fc
  .record({ method: fc.constantFrom(...methods), url, authorization, contentType, body })
  .map(({ authorization, contentType, ...rest }): InjectOptions => {
    const headers: Record<string, string> = { 'content-type': contentType }
    if (authorization !== undefined) headers['authorization'] = authorization
    return { ...rest, headers }
  })

test('no request is a 500, and every answer but an empty one is a JSON object', async () => {
  const { app } = await aSite({ allowQueryCredentials: true })

  await fc.assert(
    fc.asyncProperty(request, async (sent) => {
      const reply = await app.inject(sent)

      expect(reply.statusCode).toBeLessThan(500)
      if (sent.method === 'OPTIONS' && reply.statusCode === 200) return
      expect(reply.headers['content-type']).toBe('application/json')
      const answer: unknown = reply.json()
      expect(answer).toBeTypeOf('object')
      expect(answer).not.toBeNull()
      if (reply.statusCode >= 400) expect(answer).not.toHaveProperty('message')
    }),
    { numRuns: inForm(200, 600) },
  )
})

test('any pair without colons survives both spellings of the header', () => {
  const part = fc.string({ minLength: 1, unit: 'grapheme' }).filter((text) => !/[:\s]/.test(text))

  fc.assert(
    fc.property(part, part, (key, secret) => {
      const encoded = Buffer.from(`${key}:${secret}`).toString('base64')

      expect(parseAuthorization(`token ${key}:${secret}`)).toEqual({ kind: 'pair', key, secret })
      expect(parseAuthorization(`Basic ${encoded}`)).toEqual({ kind: 'pair', key, secret })
    }),
  )
})

test('any header is read without an error', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        headerText,
        headerText.map((text) => `Basic ${text}`),
      ),
      (header) => {
        expect(['none', 'bad', 'pair']).toContain(parseAuthorization(header).kind)
      },
    ),
  )
})

const notReserved = fc
  .string()
  .filter((text) => !['_', 'cmd', 'sid', 'flags', '__proto__'].includes(text))

test('fields survive being written and read, and a form overrides the query', () => {
  fc.assert(
    fc.property(
      fc.dictionary(notReserved, fc.string()),
      fc.dictionary(notReserved, fc.string()),
      (query, form) => {
        const read = (fields: Record<string, string>) =>
          parseFields(new URLSearchParams(fields).toString())
        const merged = mergeParameters(read(query), { fields: read(form) })

        expect({ ...toArguments(merged) }).toEqual({ ...query, ...form })
      },
    ),
  )
})

test('any text is a query', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(Object.values(parseFields(text)).every((value) => typeof value === 'string')).toBe(
        true,
      )
    }),
  )
})
