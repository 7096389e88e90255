import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { http, HttpResponse } from 'msw'
import { describe, expect, test } from 'vitest'
import { bridgeUrl } from '../../support/bridge.ts'
import { aServedSite } from '../../contract/wire/served.ts'
import { isLeftOut, run } from './run.ts'

// Debian's own: another python3 in the path need not have Debian's packages.
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('requests_client.py', import.meta.url))
const frappeSession = fileURLToPath(new URL('frappe_session.py', import.meta.url))
const hasRequests = spawnSync(python, ['-c', 'import requests']).status === 0

describe.skipIf(isLeftOut(python, hasRequests, `${python} with python3-requests`))(
  'Python with requests',
  () => {
    test('calls, refusals and a session go as with a Frappe site', async () => {
      const served = await aServedSite()
      const { key, bank, origin } = served

      const printed = await run(python, [
        script,
        origin,
        key.apiKey,
        key.apiSecret,
        String(bank.itemId),
      ])

      const accounts = { message: [expect.objectContaining({ item_id: bank.itemId }) as object] }
      const me = { message: 'erp.acme.test' }
      expect(JSON.parse(printed)).toEqual({
        token: me,
        basic: me,
        query: accounts,
        json: accounts,
        'bare json': accounts,
        refused: 'frappe.exceptions.DoesNotExistError: Connection request no not found',
        missing: "frappe.exceptions.MandatoryError: Argument 'request' is required",
        'wrong secret': 'frappe.exceptions.AuthenticationError: Invalid API key or secret',
        statuses: [404, 417, 403],
        redirects: 0,
        session: ['erp.acme.test', 1, { sid: 'Guest' }],
      })
    })

    test.each(['GET', 'POST'])(
      'a session as Frappe makes it asks once and sleeps never, whatever it is told: %s',
      async (verb) => {
        const served = await aServedSite({ LIMIT_PER_KEY: '2' })
        const { key, bank, origin, bridge, log } = served
        bridge.use(http.all(`${bridgeUrl}/*`, () => HttpResponse.error()))
        const path = `/api/method/bank_api.bridge.get_bank_accounts?item_id=${bank.itemId}`
        const ask = async (prefix = ''): Promise<unknown> => {
          const words = [origin, key.apiKey, key.apiSecret, verb, prefix + path]
          return JSON.parse(await run(python, [frappeSession, ...words]))
        }

        const told = [await ask(), await ask('/'), await ask()]

        const down = { status: 503, reset: '30', retry_after: 30, type: 'BridgeError' }
        const often = { status: 429, reset: '30', retry_after: 30, type: 'TooManyRequestsError' }
        expect(told).toEqual([down, down, often].map((answer) => ({ ...answer, slept: [] })))
        expect(log.filter((line) => line.includes('request completed'))).toHaveLength(3)
      },
    )
  },
)
