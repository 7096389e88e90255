import { z } from 'zod'

/**
 * Every answer of Bridge's that its documentation leaves open. The default is the likeliest one;
 * a client has to survive each other setting.
 */
export const switches = z.strictObject({
  // Errors
  /** `flat` (default) as printed in "Basics"; `wrapped` puts the error into `errors[]`. */
  errorEnvelope: z.enum(['flat', 'wrapped']).default('flat'),
  /** `named` (default) machine codes; `generic` answers `error` for all of them. */
  errorCodes: z.enum(['named', 'generic']).default('named'),
  /** Status of a bearer that is missing, unknown or too old: 401 (default) or 403. */
  badBearer: z.literal([401, 403]).default(401),
  /** false refuses every caller with 403, as an application's address list does (default true). */
  addressAllowed: z.boolean().default(true),
  /** A `limit` outside 1–500: `refused` with 400 (default) or `clamped`. */
  limitOutOfRange: z.enum(['refused', 'clamped']).default('refused'),

  // Users and tokens
  /** Status of a token asked for an unknown user: 404 (default). */
  unknownUserToken: z.literal([400, 401, 404, 422]).default(404),
  /** A second token is `new` (default), the `same`, or new while it `revoke`s the first. */
  tokenReissue: z.enum(['new', 'same', 'revoke']).default('new'),
  /** Most users at a time; 0 (default) is no limit. The 2019 sandbox had 20. */
  userCap: z.int().min(0).default(0),
  /** `DELETE /v3/aggregation/users` answers 204 (default) or 404. */
  deleteAllUsers: z.literal([204, 404]).default(204),

  // Connect
  /** Minutes a session's URL lives (default 30). */
  sessionMinutes: z.number().positive().default(30),
  /** A session completes `once` (default) or `many` times. */
  sessionCompletions: z.enum(['once', 'many']).default('once'),
  /** Hosts a `callback_url` may have; none listed (default) allows all. */
  callbackHosts: z.array(z.string()).default([]),
  /** true (default) refuses a `context` that is too long or has other characters. */
  contextChecked: z.boolean().default(true),
  /** true (default) keeps the query the `callback_url` already has. */
  callbackQueryKept: z.boolean().default(true),
  /** true (default) adds `source=connect` to the callback. */
  callbackSource: z.boolean().default(true),

  // Items and refreshes
  /** The item's state is called `status` (default), `status_code`, or `both`. */
  itemStatusField: z.enum(['status', 'status_code', 'both']).default('status'),
  /** An item's times are printed to the `second` (default) or to the `millisecond`. */
  itemTimes: z.enum(['second', 'millisecond']).default('second'),
  /** The 2021-06-01 refresh: 202 (default) while served, 404 or 410 once retired. */
  refreshStatus: z.literal([202, 404, 410]).default(202),
  /** A refresh under /v3, which is not documented: 404 (default) or 202. */
  refreshV3: z.literal([202, 404]).default(404),

  // Accounts
  /** `all` (default) accounts are shared, or `oneWithheld` has `data_access: disabled`. */
  accountAccess: z.enum(['all', 'oneWithheld']).default('all'),
  /** A withheld account keeps the fields of the `sample` (default), or `ids` and name only. */
  withheldFields: z.enum(['sample', 'ids']).default('sample'),
  /** Enumerations hold `known` values (default) or `unknown` ones. */
  enums: z.enum(['known', 'unknown']).default('known'),

  // Lists
  /** `pagination` of the last page: `empty` object (default), `absent`, or `next_uri` null or "null". */
  lastPage: z.enum(['empty', 'absent', 'null', 'nullString']).default('empty'),
  /** Transactions without `since`: `newestFirst` (default) or `oldestFirst`, by id. */
  rowOrder: z.enum(['newestFirst', 'oldestFirst']).default('newestFirst'),
  /** false (default) leaves out rows changed exactly at `since`. */
  sinceInclusive: z.boolean().default(false),
  /** true (default) lets `min_date` and `max_date` include their own day. */
  datesInclusive: z.boolean().default(true),
  /** A deleted transaction is a `full` row (default) or has its ids and times only. */
  deletedRows: z.enum(['full', 'idOnly']).default('full'),
  /** true adds `generated_at` to lists of transactions (default false). */
  generatedAt: z.boolean().default(false),
  /** `all` history is there at the end of Connect (default), or `recent` days until the full refresh. */
  historyAtConnect: z.enum(['all', 'recent']).default('all'),
  /** One category is answered `plain` (default) or `wrapped` in `resources`. */
  singleCategory: z.enum(['plain', 'wrapped']).default('plain'),

  // Limits
  /** true adds `X-RateLimit-*`, and `Retry-After` to a 429 (default false). */
  rateLimitHeaders: z.boolean().default(false),
  /** The quota's window is `sliding` (default) or `fixed`. */
  rateWindow: z.enum(['sliding', 'fixed']).default('sliding'),

  // Webhooks
  /** `data_access` of shared accounts in webhooks: `absent` (default) or `present`. */
  dataAccess: z.enum(['absent', 'present']).default('absent'),
  /** `item.account.deleted` names its `ids` (default) or carries the `full` content. */
  accountDeletedPayload: z.enum(['ids', 'full']).default('ids'),
  /** true sends `item.deleted` for each item before `user.deleted` (default false). */
  userDeletedCascade: z.boolean().default(false),
  /** true (default) gives `TEST_EVENT` a timestamp in seconds. */
  testEventSeconds: z.boolean().default(true),
  /** true (default) takes 200 alone as delivered; false any 2xx. */
  retryOnlyNon200: z.boolean().default(true),
  /** Milliseconds a receiver has to answer (default 10,000). */
  webhookTimeout: z.int().positive().default(10_000),
  /** Tries before a webhook is given up (default 10). */
  webhookAttempts: z.int().positive().default(10),
})
export type Switches = z.output<typeof switches>
export type SwitchChanges = { [Name in keyof Switches]?: Switches[Name] | undefined }

/** The whole table, with `changes` on top of `base` (the defaults without one). Throws on unknown names. */
export function setSwitches(changes: unknown, base?: Switches): Switches {
  return switches.parse(Object.assign({}, base, changes))
}
