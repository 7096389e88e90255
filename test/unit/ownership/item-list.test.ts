import { expect, it } from 'vitest'
import { asBridgeUser } from '../../../src/connect/bridge-user.ts'
import { aConnectedBank, testApp } from '../../support/app.ts'
import { aTenant } from '../../support/tenants.ts'

it('what happened to an item before its user was found gone, and is applied after, leaves it gone', async () => {
  const made = await testApp()
  const { app, clock, world } = made
  const { site } = await aTenant(app)
  const { user, itemId } = await aConnectedBank(made, site, { user: 'ann' })
  const happenedAt = clock.now() + 30_000
  world.users.delete(user.userUuid)
  world.expireTokens()

  const uuid = await asBridgeUser(app, { user, site }, async (userUuid) => {
    if (userUuid === user.userUuid) clock.advance(60_000)
    await app.bridge.items.list(userUuid)
    return userUuid
  })
  const news = { userId: user.id, itemId, accountId: 1, at: happenedAt }
  await app.store.applyEvent({ kind: 'account', ...news })

  expect(uuid).not.toBe(user.userUuid)
  expect(await app.store.listItems(user.id)).toEqual([])
})
