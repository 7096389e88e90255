import { z } from 'zod'
import { longestAddress } from '../../connect/site-urls.ts'
import { identifier, optional, optionalName, optionalText, text } from '../../frappe/arguments.ts'

/** Countries whose banks Bridge offers (Bridge: create a connect session, `country_code`). */
const countries = [
  'FR', 'ES', 'IT', 'PT', 'DE', 'BE', 'NL', 'LU', 'PL', 'HU', 'IE', 'MT', 'CZ', 'NO',
  'BG', 'SE', 'DK', 'AT', 'SK', 'FI', 'GB', 'GR', 'EE', 'IS', 'CY', 'HR', 'LV', 'RO',
] as const // prettier-ignore

/** What all four link methods take. */
export const linkArguments = {
  redirect_url: text(longestAddress),
  base_url: optionalText(longestAddress),
  webhook_url: optionalText(longestAddress),
  bank: optionalName,
  site: optionalText(),
  email: optional(z.email('expected an e-mail address').max(254)),
  country: optional(z.string().trim().toUpperCase().pipe(z.enum(countries))),
  account_types: optional(z.enum(['payment', 'all'])),
}

export const user = optionalText()
export const itemId = identifier
export const optionalItemId = optional(identifier)
