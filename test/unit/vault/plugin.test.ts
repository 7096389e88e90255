import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { dataKeyRow } from '../../../src/vault/master-keys.ts'
import { seal } from '../../../src/vault/keyring.ts'
import { testApp } from '../../support/app.ts'
import { testBy } from '../../support/tenants.ts'

it('a rekey with a master key that the server does not have is told once, as no error, and over when it is refused', async () => {
  const [ours, other] = [7, 8].map((byte) => ({ id: `k${byte}`, key: Buffer.alloc(32, byte) }))
  const { app, log } = await testApp({
    env: { MASTER_KEY: `k7:${ours!.key.toString('base64')}` },
    workers: true,
  })
  await app.ready()
  const { store } = app
  let looks = 0
  const { listDataKeys } = store
  store.listDataKeys = () => ((looks += 1), listDataKeys())
  const key = randomBytes(32)
  const wrappedKey = seal(other!, key, dataKeyRow('d2'))
  const said = () =>
    log
      .map((line) => JSON.parse(line) as { room?: string; level: number; msg: string })
      .filter(({ room }) => room === 'vault')
      .map(({ level, msg }) => `${level}: ${msg}`)

  await store.addDataKey({ id: 'd2', wrappedKey }, app.clock.now())
  await expect.poll(() => looks).toBeGreaterThan(2)
  const { wrappedPepper: from } = (await store.readInstance())!
  const dataKeys = [{ id: 'd2', wrappedKey: seal(ours!, key, dataKeyRow('d2')) }]
  const by = { ...testBy, action: 'rekey.refused' } as const
  await store.rewrap({ pepper: { from, to: from }, dataKeys }, by)

  await expect
    .poll(said)
    .toEqual([
      '40: a rekey runs with a master key that this server does not have: restart it with both',
      '30: a new data key is in hand',
    ])
})
