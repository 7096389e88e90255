import type { Attempt } from '../../db/ports/deliveries.ts'
import type { Keyring } from '../../vault/keyring.ts'
import { deliveryRow } from '../../vault/sealed-rows.ts'

/** A try with what the site answered as a text. */
export type OpenTry = Omit<Attempt, 'response'> & { response: string | null }

/** The tries of a delivery, with the beginning of what the site answered, opened. */
export const openTries = (
  { keyring }: { keyring: Pick<Keyring, 'open'> },
  delivery: { id: string; tries: readonly Attempt[] } | undefined,
): OpenTry[] =>
  (delivery?.tries ?? []).map(({ response, ...tried }) => ({
    ...tried,
    response:
      response === null ? null : keyring.open(response, deliveryRow(delivery!.id)).toString('utf8'),
  }))
