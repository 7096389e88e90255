import { z } from 'zod'
import { longestAddress } from '../../connect/site-urls.ts'
import {
  described,
  optional,
  optionalName,
  optionalText,
  reason,
  text,
} from '../../frappe/arguments.ts'
import { site } from './shared-arguments.ts'

/** Countries whose banks Bridge offers (Bridge: create a connect session, `country_code`). */
const countries = [
  'FR', 'ES', 'IT', 'PT', 'DE', 'BE', 'NL', 'LU', 'PL', 'HU', 'IE', 'MT', 'CZ', 'NO',
  'BG', 'SE', 'DK', 'AT', 'SK', 'FI', 'GB', 'GR', 'EE', 'IS', 'CY', 'HR', 'LV', 'RO',
] as const // prettier-ignore

/** What all four link methods take. */
export const linkArguments = {
  redirect_url: described(
    text(longestAddress),
    'Where the browser goes at the end: absolute, or relative to the site. It comes back with `request`, `success` and `item_id` or `step` in the query.',
    'http://localhost:8000/app/bank',
  ),
  base_url: described(
    optionalText(longestAddress),
    "The site's own address. The first call pins it; with a tenant key it says which site is meant.",
    'http://localhost:8000',
  ),
  webhook_url: described(
    optionalText(longestAddress),
    "Where the site wants its webhooks: absolute, or relative to the site. Kept as the site's from then on.",
    'http://localhost:8000/api/method/my_app.webhook',
  ),
  bank: described(optionalName, "The site's own word for the bank.", 'Demo Bank'),
  site,
  email: described(
    optional(z.email(reason('email')).max(254)),
    "The user's e-mail address, which Bridge needs for a new item; `user` serves when it is one.",
    'me@example.com',
  ),
  lang: described(
    optionalText(),
    'What the user reads, `fr` or `en`: kept for reminders by mail.',
    'fr',
  ),
  country: described(
    optional(z.string().trim().toUpperCase().pipe(z.enum(countries))),
    'Which banks are shown: ISO 3166, France by default.',
    'FR',
  ),
  account_types: described(
    optional(z.enum(['payment', 'all'])),
    '`payment`: payment accounts alone, which Bridge bills less; `all` by default.',
    'all',
  ),
}
