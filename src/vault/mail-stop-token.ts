import type { Keyring } from './keyring.ts'
import { signToken, verifyToken } from './signed-token.ts'

const purpose = 'mail-stop'

/** The path of a link by which a user gets no more reminders; it cannot be made without the pepper, and never ends. */
export const mailStopToken = (keyring: Keyring, userId: string): string =>
  signToken(keyring, purpose, userId)

/** Whose link it is; undefined for what we did not make. */
export const readMailStopToken = (keyring: Keyring, token: string): string | undefined =>
  verifyToken(keyring, purpose, token)
