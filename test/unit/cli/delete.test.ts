import { expect, test } from 'vitest'
import { watch } from '../../../src/cli/delete.ts'
import { testApp } from '../../support/app.ts'
import { aTenant, aUser, testBy } from '../../support/tenants.ts'

/** A server at work on two deletions, a big one and the small one that a command waits for; `at` says what happens at the n-th look. */
async function lookingOn(at: (look: number, town: Awaited<ReturnType<typeof aTown>>) => unknown) {
  const town = await aTown()
  let look = 0
  const pause = async () => void (await at((look += 1), town))
  return watch(town.app, town.small, () => {}, pause)
}

async function aTown() {
  const { app, clock } = await testApp()
  const member = { id: 'srv_test', host: 'here', pid: 1 }
  await app.store.joinMembers(member, { at: clock.now(), silentSince: clock.now() })
  const { tenant, sites } = await aTenant(app, { sites: ['big', 'small'] })
  const [big, small] = await Promise.all(
    sites.map(({ id: subjectId, name }) => {
      const ids = { id: app.ids.next('rmv'), tenantId: tenant.id, subjectId }
      const removal = { kind: 'site', name, withBridgeUsers: false, ...ids } as const
      return app.store.startRemoval(removal, testBy)
    }),
  )
  const users = await Promise.all(['a', 'b'].map((name) => aUser(app, sites[0]!, { name })))
  return { app, big: big!, small: small!, users }
}

test('a command waits for its deletion while the server makes headway with another', async () => {
  const removal = await lookingOn(async (look, { app, big, small, users }) => {
    const user = look % 250 === 0 && users.pop()
    if (user) await app.store.removeRows(big.id, 'users', { key: user.id, atBridge: false })
    if (look === 600) await app.store.finishRemoval(small.id, app.clock.now())
  })

  expect(removal).toMatchObject({ name: 'small', receipt: { sites: 1 } })
})

test('it says so when the server makes headway with none', async () => {
  await expect(lookingOn(() => {})).rejects.toThrow('The server makes no headway')
})
