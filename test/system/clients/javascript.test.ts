import { createRequire } from 'node:module'
import { FrappeClient } from 'frappe-client'
import { FrappeApp } from 'frappe-js-sdk'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { aServedSite, type Served } from '../../contract/wire/served.ts'

const method = (name: string) => `bank_api.bridge.${name}`
const pair = ({ key }: Served) => `${key.apiKey}:${key.apiSecret}`

describe('frappe-js-sdk', () => {
  const client = (served: Served, token = pair(served)) =>
    new FrappeApp(served.origin, { useToken: true, token: () => token, type: 'token' })

  test.each(['get', 'post', 'put', 'delete'] as const)('reads accounts with %s', async (verb) => {
    const served = await aServedSite()
    const { itemId, accountId } = served.bank

    const call = client(served).call()
    const args = { item_id: itemId, user: null }
    const answer = (await call[verb](method('get_bank_accounts'), args)) as Answer

    expect(answer.message).toMatchObject([{ id: accountId, item_id: itemId, balance: 1678.12 }])
  })

  test('opens a link and reads what became of it', async () => {
    const served = await aServedSite()
    const call = client(served).call()

    const link = (await call.post(method('get_bridge_connect_link'), {
      redirect_url: 'https://erp.acme.test/app/bank?x=1#y',
      bank: 'Crédit Agricole',
      email: 'u@acme.test',
    })) as Answer<{ request: string }>
    const { request } = link.message
    const state = (await call.get(method('get_bridge_item_id'), { request })) as Answer

    expect(state.message).toMatchObject({ request, bank: 'Crédit Agricole', status: 'pending' })
  })

  test('knows who is logged in', async () => {
    const served = await aServedSite()

    expect(await client(served).auth().getLoggedInUser()).toBe('erp.acme.test')
  })

  test.each([
    ['get_bridge_item_id', { request: 'nothing' }, 404, 'DoesNotExistError'],
    ['get_bridge_item_id', {}, 417, 'MandatoryError'],
    ['get_bank_accounts', { item_id: 'x' }, 417, 'ValidationError'],
    ['nothing', {}, 417, 'ValidationError'],
  ])('throws what %s refuses for %o', async (name, args, httpStatus, type) => {
    const served = await aServedSite()
    const refused = client(served).call().get(method(name), args)

    await expect(refused).rejects.toMatchObject({
      httpStatus,
      exc_type: type,
      exception: expect.stringContaining(`frappe.exceptions.${type}: `) as string,
      message: 'There was an error.',
    })
  })

  test('throws when the key is no good', async () => {
    const served = await aServedSite()

    await expect(client(served, 'no:good').auth().getLoggedInUser()).rejects.toMatchObject({
      httpStatus: 401,
      exc_type: 'AuthenticationError',
    })
  })
})

describe('frappe-react-sdk', () => {
  // Without types of its own, and a barrel of CommonJS: taken as a bundler would take them.
  const load = createRequire(import.meta.url)
  const { createElement } = load('react') as { createElement(...parts: unknown[]): object }
  const { create } = load('react-test-renderer') as {
    create(element: object): { unmount(): void }
  }
  const sdk = load('frappe-react-sdk') as {
    FrappeProvider: object
    useFrappeAuth(): { currentUser?: string; error?: Record<string, unknown> }
  }

  beforeEach(() => {
    vi.spyOn(console, 'error').mockImplementation(() => {}) // the renderer says it is old
    return () => vi.restoreAllMocks()
  })

  /** Renders what every app of the kind begins with, until its first call has an end. */
  function startUp(origin: string, token: string) {
    const { promise, resolve } = Promise.withResolvers<ReturnType<typeof sdk.useFrappeAuth>>()
    const Who = () => {
      const state = sdk.useFrappeAuth()
      if (state.currentUser !== undefined || state.error) resolve(state)
      return null
    }
    const tokenParams = { useToken: true, type: 'token', token: () => token }
    const swrConfig = { provider: () => new Map() }
    const props = { url: origin, enableSocket: false, tokenParams, swrConfig }
    const app = create(createElement(sdk.FrappeProvider, props, createElement(Who)))
    onTestFinished(() => app.unmount())
    return promise
  }

  test('starts up with the credential test', async () => {
    const served = await aServedSite()

    const { currentUser } = await startUp(served.origin, pair(served))

    expect(currentUser).toBe('erp.acme.test')
  })

  test('starts up without a user when the key is no good', async () => {
    const served = await aServedSite()

    const { currentUser, error } = await startUp(served.origin, 'no:good')

    expect(currentUser).toBeUndefined()
    expect(error).toMatchObject({ httpStatus: 401, exc_type: 'AuthenticationError' })
  })
})

describe('npm frappe-client', () => {
  beforeEach(() => {
    vi.spyOn(console, 'log').mockImplementation(() => {}) // it tells every call
    return () => vi.restoreAllMocks()
  })

  const client = (served: Served, token = pair(served)) =>
    new FrappeClient(served.origin, async () => ({
      headers: { Authorization: `token ${token}` },
    })).Method('bank_api.bridge')

  test('sends its query as it is, spaces and accents too', async () => {
    const served = await aServedSite()

    const answer = await client(served).get('get_bridge_connect_link', {
      redirect_url: 'https://erp.acme.test/app/bank',
      bank: 'Société Générale',
      email: 'u@acme.test',
    })

    expect(answer.message).toMatchObject({ url: expect.stringContaining('https://') as string })
    expect(answer.status).toBe(200)
  })

  test.each(['post', 'put', 'delete'] as const)('sends JSON with %s', async (verb) => {
    const served = await aServedSite()

    const answer = await client(served)[verb]('get_bank_accounts', { item_id: served.bank.itemId })

    expect(answer.message).toMatchObject([{ item_id: served.bank.itemId }])
  })

  test.each(['get', 'post', 'delete'] as const)(
    'sends no body but its type with %s',
    async (verb) => {
      const served = await aServedSite()

      const answer = await client(served)[verb]('get_category')

      expect(answer.message).toMatchObject([{ id: 162, name: 'Alimentation' }])
    },
  )

  test('reads a refusal’s one line', async () => {
    const served = await aServedSite()

    const answer = await client(served).get('get_bridge_item_id', { request: 'nothing' })

    expect(answer).toMatchObject({
      ok: false,
      status: 404,
      message: 'frappe.exceptions.DoesNotExistError: Connection request nothing not found',
    })
  })
})

interface Answer<Message = unknown> {
  message: Message
}
