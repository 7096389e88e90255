/** What an argument is, said once: a name means the same in every method. */
export interface ArgumentNote {
  is: string
  example: string | number
}

/** Every argument of every method; a test holds the list complete. */
export const argumentNotes: Record<string, ArgumentNote> = {
  redirect_url: {
    is: 'Where the browser goes at the end: absolute, or relative to the site. It comes back with `request`, `success` and `item_id` or `step` in the query.',
    example: 'https://erp.example.com/app/bank',
  },
  base_url: {
    is: "The site's own address. The first call pins it; with a tenant key it says which site is meant.",
    example: 'https://erp.example.com',
  },
  webhook_url: {
    is: "Where the site wants its webhooks: absolute, or relative to the site. Kept as the site's from then on.",
    example: 'https://erp.example.com/api/method/my_app.webhook',
  },
  bank: { is: "The site's own word for the bank.", example: 'Demo Bank' },
  site: { is: 'The name of the site: needed with a tenant key that sees several.', example: 'erp' },
  user: {
    is: "The site's own name for the user whose banks these are, or Bridge's uuid of that user.",
    example: 'me@example.com',
  },
  email: {
    is: "The user's e-mail address, which Bridge needs for a new item; `user` serves when it is one.",
    example: 'me@example.com',
  },
  country: { is: 'Which banks are shown: ISO 3166, France by default.', example: 'FR' },
  account_types: {
    is: '`payment`: payment accounts alone, which Bridge bills less; `all` by default.',
    example: 'all',
  },
  item_id: { is: "Bridge's id of a bank connection.", example: 4568477 },
  account_id: { is: "Bridge's id of an account.", example: 37615461 },
  bank_id: { is: "Bridge's id of a bank, which it calls a provider.", example: 574 },
  category_id: { is: "Bridge's id of a category; without it, the whole tree.", example: 270 },
  request: {
    is: 'The id of a connect request, from the answer of a link method.',
    example: 'abcdefghijklmnopqrstuvwxyz',
  },
  lang: { is: '`fr` or `en`; Accept-Language when missing.', example: 'fr' },
  since: {
    is: "What changed since then: a date, or a datetime, in the site's time zone unless it names one. Deleted rows come too, with `deleted`.",
    example: '2026-01-31',
  },
  until: { is: 'What changed before then; read as `since` is.', example: '2026-02-28' },
  min_date: { is: 'Transactions of that day or later.', example: '2026-01-01' },
  max_date: { is: 'Transactions of that day or earlier.', example: '2026-01-31' },
}
