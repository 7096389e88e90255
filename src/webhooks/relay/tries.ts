import type { Attempt } from '../../db/ports/deliveries.ts'
import type { Keyring } from '../../vault/keyring.ts'

/** The tries of a delivery, with the beginning of what the site answered, opened. */
export const openTries = (
  { keyring }: { keyring: Pick<Keyring, 'open'> },
  delivery: { id: string; tries: readonly Attempt[] } | undefined,
): (Omit<Attempt, 'response'> & { response: string | null })[] =>
  (delivery?.tries ?? []).map(({ response, ...tried }) => ({
    ...tried,
    response:
      response === null
        ? null
        : keyring.open(response, `deliveries/${delivery!.id}`).toString('utf8'),
  }))
