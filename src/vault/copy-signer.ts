import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { SignerOf } from '../db/signer.ts'
import { masterKeysOf, openPepper } from './master-keys.ts'
import { hashing } from './keyring.ts'

/**
 * What signs copies of a database, and checks their signatures: a key of its own, made from the installation's pepper, so
 * that only who has the master key can sign. The signer throws a ConfigError when that does not fit.
 */
export function copySigner(config: Config, clock: Clock): SignerOf {
  return (wrappedPepper) => {
    const { hash } = hashing(openPepper(wrappedPepper, masterKeysOf(config)).pepper)
    return {
      installation: hash('installation', '').toString('hex').slice(0, 12),
      key: hash('copy', ''),
      at: clock.now(),
    }
  }
}
