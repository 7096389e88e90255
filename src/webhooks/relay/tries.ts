import type { Attempt } from '../../db/ports/deliveries.ts'
import type { Keyring } from '../../vault/keyring.ts'

/** The tries of a delivery, with the beginning of what the site answered, opened. */
export const openTries = (
  { keyring }: { keyring: Pick<Keyring, 'open'> },
  { deliveryId, attempts }: { deliveryId: string | null; attempts: readonly Attempt[] },
): (Omit<Attempt, 'response'> & { response: string | null })[] =>
  attempts.map(({ response, ...tried }) => ({
    ...tried,
    response:
      response === null
        ? null
        : keyring.open(response, `deliveries/${deliveryId}`).toString('utf8'),
  }))
