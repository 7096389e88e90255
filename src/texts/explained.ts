import type { Code } from './say.ts'

/** Who can mend it. */
export type Mender = 'the call' | 'the gateway' | 'Bridge' | 'time'

interface Explained {
  means: string
  whose: Mender
  remedy: string
}

/** What each code means, who can mend it, and how: the prose of `docs/errors.md`. */
export const explained: Readonly<Record<Code, Explained>> = {
  credentials_missing: {
    means: 'The call has no credentials, or its Authorization header is of another kind.',
    whose: 'the call',
    remedy: 'Send `Authorization: token API_KEY:API_SECRET`.',
  },
  credentials_invalid: {
    means:
      'The key is unknown, was revoked, or its secret is another. It is never said which of these.',
    whose: 'the call',
    remedy:
      'Compare with what `bank-api key create` printed. The operator sees with `bank-api key list` whether the key is still good; `bank-api key rotate` gives it a new secret.',
  },
  verb_not_allowed: {
    means: 'Frappe’s answer to a verb other than GET, POST, PUT and DELETE.',
    whose: 'the call',
    remedy: 'Use GET or POST.',
  },
  site_key_required: {
    means: 'Only a site’s own key may read what its webhooks are signed with.',
    whose: 'the call',
    remedy: 'Call with the key of that site, or ask the operator for `bank-api site secret`.',
  },
  tenant_key_required: {
    means: 'Sites, their keys and what they used are told to the keys of their tenant alone.',
    whose: 'the call',
    remedy: 'Call with a key that was made without `--site`.',
  },
  key_read_only: {
    means:
      'The key was made with `--read-only`: links, refreshes, deletions, secrets and new keys are closed to it.',
    whose: 'the call',
    remedy: 'Call with another key; what a key may do does not change after it was made.',
  },
  method_unknown: {
    means: 'No method has this name.',
    whose: 'the call',
    remedy: 'Compare the name with `/docs`; those of the product begin with `bank_api.bridge.`.',
  },
  path_unknown: {
    means: 'Nothing is served at this address.',
    whose: 'the call',
    remedy: 'Methods are at `/api/method/NAME`; everything else is listed in `/docs`.',
  },
  body_too_large: {
    means: 'The body is larger than is read: 256 KiB of a call, 64 KiB of a webhook.',
    whose: 'the call',
    remedy: 'Send the arguments alone.',
  },
  body_unreadable: {
    means: 'The body is not what its Content-Type says.',
    whose: 'the call',
    remedy: 'Send JSON as `application/json`, or a form as `application/x-www-form-urlencoded`.',
  },
  too_many_fields: {
    means:
      'The query or the body has more than 1,000 fields, or a multipart body more than 4,001 lines.',
    whose: 'the call',
    remedy: 'Send the arguments alone.',
  },
  arguments_unreadable: {
    means: 'The body is JSON, but neither an object nor a list.',
    whose: 'the call',
    remedy: 'Send one JSON object with the arguments by their names.',
  },
  request_unreadable: {
    means: 'The address, a header or the body cannot be read.',
    whose: 'the call',
    remedy:
      'Look for a `%` that is not an escape, or for a library that builds the address by hand.',
  },
  request_incomplete: {
    means: 'The connection broke before the whole request had come.',
    whose: 'the call',
    remedy: 'Send it again. Nothing was done.',
  },
  http_unreadable: {
    means: 'What came is not HTTP.',
    whose: 'the call',
    remedy: 'Look whether `https` is spoken to a port that speaks `http`.',
  },
  request_timeout: {
    means: 'The request did not come whole within the time for it.',
    whose: 'the call',
    remedy: 'Send it again, over a better line. Nothing was done.',
  },
  headers_too_large: {
    means: 'The headers are larger than is read.',
    whose: 'the call',
    remedy: 'Leave cookies and other headers out that are not for us.',
  },
  argument_required: {
    means: 'An argument that must be there is missing or empty.',
    whose: 'the call',
    remedy: 'Give it: the message names it.',
  },
  argument_invalid: {
    means: 'An argument is not of its kind.',
    whose: 'the call',
    remedy: 'Correct it: the message names it and says what is expected.',
  },
  bridge_version_invalid: {
    means: 'The header Bridge-Version asks for a form of answers that there is none of.',
    whose: 'the call',
    remedy: 'Leave the header out, or send one of the two that the message names.',
  },
  address_not_allowed: {
    means: 'An address is not on the site that calls. Browsers and webhooks go nowhere else.',
    whose: 'the call',
    remedy:
      'Give an address of the site. When the site has moved, the operator says so with `bank-api site update --origin`.',
  },
  webhook_target_refused: {
    means: 'The webhook address leads to a host that is not on the public internet.',
    whose: 'the call',
    remedy:
      'Give a public address. The operator can open a private network for one site with `bank-api site allow-target`.',
  },
  email_required: {
    means: 'Bridge wants an e-mail address for a new user, and none is known.',
    whose: 'the call',
    remedy: 'Give `email`, or ask the operator to set `DEFAULT_USER_EMAIL`.',
  },
  site_ambiguous: {
    means: 'With a tenant’s key, what was given fits several sites.',
    whose: 'the call',
    remedy: 'Give `site`.',
  },
  user_ambiguous: {
    means: 'What was given fits several users.',
    whose: 'the call',
    remedy: 'Give `user`.',
  },
  name_ambiguous: {
    means: 'Several names differ from this one by case or spaces alone.',
    whose: 'the call',
    remedy: 'Give the name in its exact spelling.',
  },
  site_changed: {
    means: 'While the call was under way the site got another address.',
    whose: 'the call',
    remedy: 'Call again, with the new address.',
  },
  site_gone: {
    means: 'The site was deleted, or is being deleted.',
    whose: 'the call',
    remedy: 'Ask the operator; a deletion cannot be taken back.',
  },
  too_many_sites: {
    means: 'A tenant’s key makes sites by naming them, up to a number; that is reached.',
    whose: 'the gateway',
    remedy:
      'Look for a name that differs from call to call. The operator can make more sites by command.',
  },
  too_many_users: {
    means: 'A tenant’s keys make users by naming them, up to a number; that is reached.',
    whose: 'the gateway',
    remedy: 'Look for a name that differs from call to call.',
  },
  too_many_keys: {
    means: 'The site has as many keys that are good as calls may make for it.',
    whose: 'the call',
    remedy: 'See them with `list_sites`, and end those that nobody uses with `revoke_site_key`.',
  },
  too_many_transactions: {
    means: 'There are more transactions than one answer holds.',
    whose: 'the call',
    remedy: 'Ask for less: the message says how.',
  },
  cursor_too_old: {
    means: 'Of the events after the cursor some are past their retention, and forgotten.',
    whose: 'the call',
    remedy:
      'Go on from `oldest_cursor`, and read accounts and transactions anew: what was forgotten may have told of them. Call more often.',
  },
  site_not_found: {
    means: 'No site of yours has this name.',
    whose: 'the call',
    remedy: 'Compare with `bank-api site list`.',
  },
  user_not_found: {
    means: 'No user of yours has this name, or it has no connection yet.',
    whose: 'the call',
    remedy: 'Compare the spelling with that of the call that made the link.',
  },
  item_not_found: {
    means: 'There is no such connection, or it is not yours: both read the same.',
    whose: 'the call',
    remedy:
      'If it was yours, it was deleted at the bank, at Bridge or by a call: connect the bank again.',
  },
  account_not_found: {
    means: 'There is no such account, or it is not yours: both read the same.',
    whose: 'the call',
    remedy: 'Read the accounts of the connection again: after a reconnect they have new ids.',
  },
  connect_request_not_found: {
    means: 'No link of yours was given out under this id, or it is forgotten.',
    whose: 'the call',
    remedy: 'Use the `request` that came with the link, or that the browser brought back.',
  },
  key_not_found: {
    means:
      'There is no key of that name, it is no key of a site, or the site is not this key’s to see.',
    whose: 'the call',
    remedy: 'Compare with `list_sites`. Tenant keys are ended by `bank-api key revoke` alone.',
  },
  bank_not_found: {
    means: 'Bridge knows no bank by this id.',
    whose: 'the call',
    remedy: 'Take the id from an item or from Bridge’s list of banks.',
  },
  category_not_found: {
    means: 'Bridge knows no category by this id.',
    whose: 'the call',
    remedy: 'Take the id from a transaction.',
  },
  too_many_calls: {
    means:
      'The key, or the address without a key, made too many calls in a minute; or too many links, other webhook URLs, keys of sites, or acts on a site’s page in a day; or 500 calls of the tenant, or 400 of one site’s own keys, wait for their answer.',
    whose: 'time',
    remedy: 'Wait as long as `X-RateLimit-Reset` and `retry_after` say, then go on more slowly.',
  },
  too_many_large_answers: {
    means: 'Too many long lists of your tenant are being read at the same moment.',
    whose: 'time',
    remedy: 'Wait as long as is said, and ask for one list after the other.',
  },
  refresh_limit_reached: {
    means: 'The connection was refreshed four times within a day, as often as the law allows.',
    whose: 'time',
    remedy: 'Wait until the time that the message names; banks are read by themselves meanwhile.',
  },
  bridge_quota_spent: {
    means: 'Bridge takes so many calls of this gateway, and these are spent.',
    whose: 'time',
    remedy: 'Wait as long as is said. The operator sees the quota with `bank-api quota`.',
  },
  bridge_unavailable: {
    means: 'Bridge cannot be reached, or answers nobody; it is asked again by itself.',
    whose: 'Bridge',
    remedy: 'Try again after `retry_after` seconds.',
  },
  bridge_timeout: {
    means: 'Bridge did not answer in time. What was asked of it may have taken place.',
    whose: 'Bridge',
    remedy: 'Read before you change a second time.',
  },
  bridge_answer_invalid: {
    means: 'Bridge’s answer has not the form that it documents.',
    whose: 'Bridge',
    remedy: 'Try again later; if it lasts, the operator finds the field in the log.',
  },
  bridge_credentials_refused: {
    means: 'Bridge does not take this gateway’s own credentials.',
    whose: 'the gateway',
    remedy:
      'The operator looks at `bank-api doctor`, and at the credentials in Bridge’s dashboard.',
  },
  bridge_not_found: {
    means: 'Bridge does not know what was asked for.',
    whose: 'Bridge',
    remedy:
      'Try again later. Connect the bank again only once the connection itself is answered with `item_not_found`.',
  },
  bridge_request_refused: {
    means: 'Bridge did not accept what we sent on.',
    whose: 'the gateway',
    remedy:
      'Look at the property that the message names; else the operator finds the call in the log.',
  },
  webhook_secret_missing: {
    means: 'To Bridge: no webhook secret is configured, so its events cannot be believed.',
    whose: 'the gateway',
    remedy: 'Set `BRIDGE_WEBHOOK_SECRETS` to the secret in Bridge’s dashboard.',
  },
  event_not_stored: {
    means: 'To Bridge: the event could not be stored, so it is not acknowledged.',
    whose: 'time',
    remedy: 'Bridge sends it again. The operator looks at `/ready` for the disk or a lock.',
  },
  database_unavailable: {
    means: 'The server has lost its database, or has no connection left for the call.',
    whose: 'time',
    remedy: 'Call again. The operator looks at `/ready` and at PostgreSQL.',
  },
  signature_invalid: {
    means: 'To Bridge: the signature of the event is missing or not good.',
    whose: 'the gateway',
    remedy: 'Compare `BRIDGE_WEBHOOK_SECRETS` with the secret in Bridge’s dashboard.',
  },
  internal_error: {
    means: 'A mistake of ours.',
    whose: 'the gateway',
    remedy: 'Tell the operator the request id: `bank-api explain ID` and the log know more.',
  },
}
