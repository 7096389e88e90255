import type { BridgeResources } from '../bridge/client.ts'
import { BridgeStatusError } from '../bridge/errors.ts'
import type { Keyring } from '../auth/keyring.ts'
import type { BridgeUser, Store } from '../db/store.ts'

/**
 * The Bridge uuid of a stored user, made at Bridge on first need. The row stands before Bridge is asked and names itself
 * there, so a crash in between is healed by Bridge's 409 (Bridge: `external_user_id` is unique per application).
 */
export async function ensureBridgeUser(
  { store, bridge, keyring }: { store: Store; bridge: BridgeResources; keyring: Keyring },
  user: BridgeUser,
): Promise<string> {
  if (user.userUuid !== null) return user.userUuid
  const externalUserId = keyring.hash('external-user-id', user.id).toString('hex')
  const { uuid } = await bridge.users.create({ externalUserId }).catch((error: unknown) => {
    if (error instanceof BridgeStatusError && error.bridgeStatus === 409) {
      return bridge.users.findByExternalId(externalUserId)
    }
    throw error
  })
  await store.setUserUuid(user.id, uuid)
  return uuid
}
