import { described, identifier, optional, optionalText, text } from '../../frappe/arguments.ts'

/** What several methods take. The examples are what a sandbox with a connected Demo Bank takes, up to the ids it gave. */
export const itemId = described(
  identifier,
  "Bridge's id of a bank connection, as get_bridge_item_id answers it.",
  4568477,
)

export const accountId = described(
  identifier,
  "Bridge's id of an account, as get_bank_accounts answers it.",
  73095632,
)

export const user = described(
  optionalText(),
  "The site's own name for the user whose banks these are, or Bridge's uuid of that user.",
  'me@example.com',
)

export const site = described(
  optionalText(),
  'The name of the site: needed with a tenant key that sees several.',
  'demo',
)

export const lang = described(optionalText(), '`fr` or `en`; Accept-Language when missing.', 'fr')

export const bankId = described(
  identifier,
  "Bridge's id of a bank, which it calls a provider.",
  574,
)

export const categoryId = described(
  optional(identifier),
  "Bridge's id of a category; without it, the whole tree.",
  273,
)

export const request = described(
  text(64),
  'The id of a connect request, from the answer of a link method.',
  'abcdefghijklmnopqrstuvwxyz',
)
