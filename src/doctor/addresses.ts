import type { Examination } from './examination.ts'
import { ok, warning, type Finding } from './finding.ts'

/** Whether a call that names no address, as the contract's do, can connect a bank. Nobody depends on a sandbox. */
export async function checkAddresses({ config, store, clock }: Examination): Promise<Finding[]> {
  const check = { en: 'user addresses', fr: 'adresses des utilisateurs' }
  if (config.defaultUserEmail !== undefined)
    return [ok('user_addresses.ok', check, 'DEFAULT_USER_EMAIL serves the rest')]
  if (config.sandbox) return []
  const keys = await store.listKeysWithoutAddress(clock.now())
  if (keys.length === 0) return [ok('user_addresses.ok', check, 'every user has one')]
  const named = keys.slice(0, 3)
  const end = keys.length > named.length ? ' …' : ''
  return [
    warning(
      'user_addresses.missing',
      check,
      {
        en: `a link without one fails for ${keys.length === 1 ? 'a key' : `${keys.length} keys`}: ${named.map(({ apiKey, tenant }) => `${apiKey} of ${tenant}`).join(', ')}${end}`,
        fr: `un lien sans adresse échoue pour ${keys.length === 1 ? 'une clé' : `${keys.length} clés`} : ${named.map(({ apiKey, tenant }) => `${apiKey} de ${tenant}`).join(', ')}${end}`,
      },
      {
        en: 'Set DEFAULT_USER_EMAIL, or let those sites send `email`, or a `user` that is an address.',
        fr: 'Définissez DEFAULT_USER_EMAIL, ou faites envoyer par ces sites `email`, ou un `user` qui soit une adresse.',
      },
    ),
  ]
}
