import type { AddressInfo } from 'node:net'
import { expect, test } from 'vitest'
import type { Json } from '../../support/app.ts'
import { sandboxed } from '../../support/sandboxed.ts'

const user = 'ann@acme.test'

/** Two Demo Banks of one user, 24,000 transactions, and a way to ask over HTTP. */
async function twoDemoBanks() {
  const made = await sandboxed()
  await made.walk('get_bridge_connect_link', { user, bank: 'Another Bank' })
  await made.app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = made.app.server.address() as AddressInfo
  const ask = async (args: Record<string, string>) => {
    const url = `http://127.0.0.1:${port}/api/method/bank_api.bridge.get_bank_transactions`
    const answer = await fetch(`${url}?${new URLSearchParams({ user, ...args }).toString()}`, {
      headers: { authorization: made.acme.siteKey.authorization },
    })
    return { status: answer.status, body: (await answer.json()) as Json }
  }
  const pages = async () => (await made.counted())['GET transactions']
  await made.counted()
  // The minute in which the banks were connected is over.
  made.clock.advance(61_000)
  return { ...made, ask, pages }
}

test('a read of more than one answer holds ends at the limit, and what it advises can be had at once', async () => {
  const { ask, pages, call, itemId } = await twoDemoBanks()

  const tooMany = await ask({})

  expect(tooMany.status).toBe(417)
  expect(tooMany.body.exception).toMatch(/more than 20000 .* a shorter range, or by account_id/)
  expect(await pages()).toBe(41)
  const [account] = (await call('get_bank_accounts', { item_id: itemId })).message
  const byAccount = await ask({ account_id: account.id })
  expect(byAccount.status).toBe(200)
  expect(byAccount.body.message.length).toBeGreaterThan(3_000)
  expect((await ask({ min_date: '2026-01-01' })).status).toBe(200)
})

test('a user who reads too much twice is told a wait after which it goes on, and never one that is of no use', async () => {
  const { ask, clock } = await twoDemoBanks()
  expect((await ask({})).status).toBe(417)

  const again = await ask({ min_date: '2024-09-01' })

  expect(again.status).toBe(429)
  const [, seconds] = /in (\d+) seconds/.exec(again.body.exception) ?? []
  clock.advance(Number(seconds) * 1_000)
  expect((await ask({ min_date: '2024-09-01' })).status).toBe(200)
})
