import { expect, test } from 'vitest'
import { authenticate } from '../../src/auth/api-keys.ts'
import { createDemo } from '../../src/demo.ts'
import { testApp } from '../support/app.ts'

test('the demo key is made once', async () => {
  const { app } = await testApp()

  const first = await createDemo(app)
  const again = await createDemo(app)

  expect(first).toMatchObject({ apiKey: expect.stringMatching(/^key_/) as string })
  expect(again).toBeUndefined()
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

    await expect(createDemo({ ...roomsOf(app), store: cut })).rejects.toThrow('cut off')
    const healed = (await createDemo(app))!
    const again = await createDemo(app)

    const { apiKey: key, apiSecret: secret } = healed
    expect(await authenticate(app, { key, secret, address: '::1' })).toMatchObject({
      tenant: { name: 'demo' },
      site: { name: 'demo' },
    })
    expect(again).toBeUndefined()
    expect(await store.listTenants()).toHaveLength(1)
  },
)

test('a demo key that was revoked is not made anew', async () => {
  const { app } = await testApp()
  const demo = (await createDemo(app))!
  await app.store.revokeKey(demo.apiKey, { actor: 'cli', at: app.clock.now() })

  expect(await createDemo(app)).toBeUndefined()
})

const roomsOf = ({ store, keyring, clock, ids }: Parameters<typeof createDemo>[0]) => ({
  store,
  keyring,
  clock,
  ids,
})
