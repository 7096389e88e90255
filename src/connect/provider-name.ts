import { BridgeError } from '../bridge/bridge-errors.ts'
import { toText } from '../bridge/fields.ts'
import type { ReferenceData } from '../bridge/reference-data.ts'
import type { Log } from '../logger.ts'

/** What a bank is called. The name is a courtesy to the user: null when Bridge does not say it, for all else stands without. */
export async function nameOfProvider(
  { reference, log }: { reference: ReferenceData; log: Pick<Log, 'warn'> },
  providerId: number | null,
): Promise<string | null> {
  if (providerId === null || providerId < 1) return null
  try {
    return toText((await reference.bank(providerId)).name)
  } catch (error) {
    if (!(error instanceof BridgeError)) throw error
    log.warn({ provider: providerId, err: error }, 'provider name not read')
    return null
  }
}
