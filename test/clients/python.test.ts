import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { aServedSite } from '../golden/served.ts'
import { isLeftOut, run } from './run.ts'

// Debian's own: another python3 in the path need not have Debian's packages.
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('requests_client.py', import.meta.url))
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
  },
)
