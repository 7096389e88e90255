import { expect, test } from 'vitest'
import { servedAt } from '../../../src/cli/installation.ts'
import type { Config } from '../../../src/config.ts'
import { anInstallation } from '../../support/installation.ts'

const served = { publicUrl: 'https://bank.test', bridgeOrigin: 'http://elsewhere.test' }

const standing = {
  quota: { burst: 1, perSecond: 1, available: 1, waiting: 0, granted: 0, refused: 0, tenants: [] },
  breaker: { open: false, since: null, nextTryAt: null, opened: 0 },
  credentials: { refused: false, refusedSince: null, refusals: 0 },
  served,
}

/** Where a command goes that has these variables, when a server has written down where it is; `silentMs`: and ended then. */
async function goesTo(config: (installation: Installation) => Config, silentMs = 0) {
  const installation = await anInstallation()
  return installation.open(async (rooms) => {
    const { store, clock } = rooms
    const member = { id: 'srv', host: 'here', pid: 7 }
    await store.joinMembers(member, { at: clock.now() - silentMs, silentSince: 0 })
    await store.saveBridgeStatus({ at: clock.now(), status: standing })
    const by = { actor: 'cli', at: clock.now() }
    return servedAt({ ...rooms, by, config: config(installation) })
  })
}
type Installation = Awaited<ReturnType<typeof anInstallation>>

test('a command with Bridge’s credentials takes them where its own variables say, whatever the database names', async () => {
  const BRIDGE_BASE_URL = 'https://bridge.test'

  expect(await goesTo(({ configWith }) => configWith({ BRIDGE_BASE_URL }))).toEqual({
    publicUrl: served.publicUrl,
    bridgeOrigin: BRIDGE_BASE_URL,
  })
})

const sandboxed = ({ configWith }: Installation) =>
  configWith({ BRIDGE_CLIENT_ID: '', BRIDGE_CLIENT_SECRET: '', SANDBOX_PORT: '8081' })

test('one without goes to the sandbox of the server that runs', async () => {
  expect(await goesTo(sandboxed)).toEqual(served)
})

test('what a server that ended wrote down is past', async () => {
  expect(await goesTo(sandboxed, 60_000)).toMatchObject({ bridgeOrigin: 'http://127.0.0.1:8081' })
})
