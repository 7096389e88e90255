import { expect, test } from 'vitest'
import { authenticate, rotateApiKey } from '../../../src/auth/api-keys.ts'
import { findDemo, createDemo } from '../../../src/demo/demo-key.ts'
import { testApp } from '../../support/app.ts'

const origin = 'http://bank.test'
const by = { actor: 'cli', at: 1 }

test('the demo key is made once, and can be shown again', async () => {
  const { app } = await testApp()

  const first = await createDemo(app, origin)
  const again = await createDemo(app, origin)

  expect(first).toMatchObject({ apiKey: expect.stringMatching(/^key_/) as string })
  expect(again).toBeUndefined()
  expect((await findDemo(app))?.key).toEqual(first)
  expect(await app.store.listKeys((await app.store.findTenant('demo'))!.id)).toHaveLength(1)
})

test('another installation gives its demo another secret', async () => {
  const [one, other] = [await testApp(), await testApp()]

  const secrets = [
    (await createDemo(one.app, origin))?.apiSecret,
    (await createDemo(other.app, origin))?.apiSecret,
  ]

  expect(secrets[0]).toMatch(/^[\w-]{43}$/)
  expect(secrets[1]).not.toBe(secrets[0])
})

test('links of the demo may end at our own page wherever this server is reached, and pin nothing', async () => {
  const { app } = await testApp()
  await createDemo(app, origin)
  await createDemo(app, 'http://moved.test')
  await createDemo(app, 'http://moved.test')

  const { caller } = (await findDemo(app))!

  expect(caller.site).toMatchObject({
    origin: null,
    allowedOrigins: [origin, 'http://moved.test'],
  })
})

test.each(['createTenant', 'ensureSite'] as const)(
  'a start that was cut off after %s is made good by the next one',
  async (last) => {
    const { app } = await testApp()
    const { store } = app
    const cut = new Proxy(store, {
      get: (target, name, receiver) =>
        name === last
          ? async (...args: never[]) => {
              await (Reflect.get(target, last, receiver) as (...all: never[]) => unknown)(...args)
              throw new Error('cut off')
            }
          : (Reflect.get(target, name, receiver) as unknown),
    })

    await expect(createDemo({ ...roomsOf(app), store: cut }, origin)).rejects.toThrow('cut off')
    const healed = (await createDemo(app, origin))!
    const again = await createDemo(app, origin)

    const { apiKey: key, apiSecret: secret } = healed
    expect(await authenticate(app, { key, secret, address: '::1' })).toMatchObject({
      tenant: { name: 'demo' },
      site: { name: 'demo' },
    })
    expect(again).toBeUndefined()
    expect(await store.listTenants()).toHaveLength(1)
  },
)

test.each([
  ['was revoked', (app: App, key: string) => app.store.changeKey(key, { kind: 'revoked' }, by)],
  [
    'has another secret',
    (app: App, key: string) =>
      rotateApiKey(app, { apiKey: key, previousUntil: app.clock.now() }, by),
  ],
  [
    'is of a tenant that was disabled',
    async (app: App) =>
      app.store.setTenantDisabled((await app.store.findTenant('demo'))!.id, true, by),
  ],
])('a demo key that %s is neither shown nor made anew', async (_what, end) => {
  const { app } = await testApp()
  const { apiKey } = (await createDemo(app, origin))!
  await end(app, apiKey)

  expect(await createDemo(app, origin)).toBeUndefined()
  expect(await findDemo(app)).toBeUndefined()
})

type App = Awaited<ReturnType<typeof testApp>>['app']

const roomsOf = ({ store, keyring, clock, ids }: Parameters<typeof createDemo>[0]) => ({
  store,
  keyring,
  clock,
  ids,
})
