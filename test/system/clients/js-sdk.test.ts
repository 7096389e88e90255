import type { AddressInfo } from 'node:net'
import { FrappeApp, type FrappeCall } from 'frappe-js-sdk'
import { expect, test } from 'vitest'
import { aSite, key, secret } from '../../unit/frappe/site.ts'

const method = (name: string) => `bank_api.bridge.${name}`

async function aClient(token = `${key}:${secret}`): Promise<FrappeCall> {
  const { app } = await aSite()
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  return new FrappeApp(`http://127.0.0.1:${port}`, {
    useToken: true,
    token: () => token,
    type: 'token',
  }).call()
}

test.each(['get', 'post', 'put', 'delete'] as const)(
  'Frappe’s client calls with %s',
  async (verb) => {
    const client = await aClient()

    const answer: unknown = await client[verb](method('get_bank_accounts'), {
      item_id: 7,
      pro: null,
    })

    expect(answer).toEqual({ message: [{ id: 11, item_id: 7, name: 'Compte courant' }] })
  },
)

test.each(['get', 'post', 'put', 'delete'] as const)(
  'Frappe’s client calls with %s and no argument',
  async (verb) => {
    const client = await aClient()

    expect(await client[verb](method('get_bank_transactions'))).toEqual({ message: [] })
    expect(await client[verb]('logout')).toEqual({})
  },
)

test('Frappe’s client sends lists as JSON text by GET, as JSON by POST', async () => {
  const client = await aClient()

  expect(await client.get(method('echo'), { ids: [1, 2] })).toEqual({ message: { ids: '[1,2]' } })
  expect(await client.post(method('echo'), { ids: [1, 2] })).toEqual({ message: { ids: [1, 2] } })
})

test('Frappe’s client throws what a method refuses', async () => {
  const client = await aClient()

  const refused = client.post(method('post_item_refresh'), { item_id: 1 })

  await expect(refused).rejects.toMatchObject({
    httpStatus: 417,
    exc_type: 'ValidationError',
    exception: "frappe.exceptions.ValidationError: Several users fit: say which one with 'user'",
    message: 'There was an error.',
  })
})

test('Frappe’s client throws when its key is no good', async () => {
  const client = await aClient('wrong:pair')

  await expect(client.get('frappe.auth.get_logged_user')).rejects.toMatchObject({
    httpStatus: 401,
    exc_type: 'AuthenticationError',
  })
})
