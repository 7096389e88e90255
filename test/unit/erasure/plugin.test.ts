import { http } from 'msw'
import { expect, test } from 'vitest'
import { aConnectedBank, testApp } from '../../support/app.ts'
import { bridgeProblem, bridgeUrl } from '../../support/bridge.ts'
import { aTenant, testBy } from '../../support/tenants.ts'

test('a deletion that Bridge refuses rests, and stands in no other’s way', async () => {
  const made = await testApp({ workers: true })
  const { app, bridge, clock } = made
  const { tenant, sites } = await aTenant(app, { sites: ['refused', 'other'] })
  const [refused, other] = await Promise.all(
    sites.map((site, index) => aConnectedBank(made, site, { item: { id: 11 + index } })),
  )
  let isRefused = true
  bridge.use(
    http.delete(`${bridgeUrl}/*/items/${refused!.itemId}`, () =>
      isRefused ? bridgeProblem(409, { code: 'conflict' }) : undefined,
    ),
  )
  const order = async (name: string) => {
    const { id: subjectId } = sites.find((site) => site.name === name)!
    const ids = { id: app.ids.next('rmv'), tenantId: tenant.id, subjectId }
    const removal = { kind: 'site', name, withBridgeUsers: false, ...ids } as const
    const { id } = await app.store.startRemoval(removal, testBy)
    return async () => (await app.store.getRemoval(id)).finishedAt !== null
  }

  const isRefusedOneDone = await order('refused')
  const isOtherDone = await order('other')

  await expect.poll(isOtherDone).toBe(true)
  expect(await isRefusedOneDone()).toBe(false)
  expect(made.world.items.has(other!.itemId)).toBe(false)
  expect(made.log.filter((line) => line.includes('a deletion rests'))).toHaveLength(1)

  isRefused = false
  clock.advance(30_000)

  await expect.poll(isRefusedOneDone).toBe(true)
  expect(made.world.items.has(refused!.itemId)).toBe(false)
})
