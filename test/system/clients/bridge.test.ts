import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, onTestFinished, test } from 'vitest'
import { startSandboxProcess } from '../../support/gateway.ts'
import { openSite } from '../../support/receiving-site.ts'
import { signBridgeWebhook } from '../../support/bridge.ts'
import { isLeftOut, run } from './run.ts'

const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('bridge_flow.py', import.meta.url))
const hasRequests = spawnSync(python, ['-c', 'import requests']).status === 0

describe.skipIf(isLeftOut(python, hasRequests, `${python} with python3-requests`))(
  'a client that knows Bridge alone, on the sandbox alone',
  () => {
    test('walks Bridge’s published flow, and hears of it', async () => {
      const receiver = await openSite(onTestFinished)
      const { origin, webhookSecret } = await startSandboxProcess(
        receiver.webhookUrl,
        onTestFinished,
      )

      const told = JSON.parse(await run(python, [script, origin])) as object

      expect(told).toEqual({
        back: ['app.example.com/bank/callback', 'true', 'tenant-42', true],
        item: [0, 574],
        accounts: 12,
        transactions: true,
        since: [],
        one: true,
        stocks: 9,
        insights: ['global', 'monthly'],
        holders: 5,
        bank: 'Demo Bank',
        category: 'Supermarché / Épicerie',
        unknown: 'not_found',
        after: 'invalid_access_token',
      })
      const { body, headers } = await receiver.hears('user.deleted')
      expect(headers['bridgeapi-signature']).toBe(signBridgeWebhook(body, webhookSecret))
      await receiver.hears('item.account.created', 12)
    })
  },
)
