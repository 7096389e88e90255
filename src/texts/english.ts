/**
 * What we say to callers, by key. A key is the error's `code` on the wire, stable for ever; where one code has several sentences,
 * a word after a dot tells them apart, and is ours to change. `advice.…` are sentences that stand within others.
 */
export const english = {
  credentials_invalid: 'Invalid API key or secret',
  site_key_required: "Only a site's own key may read its webhook secret",
  tenant_key_required: 'Only a tenant key may do that',
  key_read_only: 'This key may only read',

  path_unknown: 'Not found',
  body_too_large: 'The request body is too large',
  too_many_fields: 'The request has more than {most} fields',
  request_unreadable: 'The request cannot be read',
  request_incomplete: 'The request ended too early',
  http_unreadable: 'Bad Request',
  request_timeout: 'Request Timeout',
  headers_too_large: 'Request Header Fields Too Large',

  argument_required: "Argument '{name}' is required",
  'argument_required.site': "Argument 'site' or 'base_url' is required with a tenant key",
  argument_invalid: "Argument '{name}' is not valid",
  'argument_invalid.whole_number':
    "Argument '{name}' is not valid: expected a positive whole number",
  'argument_invalid.text': "Argument '{name}' is not valid: expected a text",
  'argument_invalid.name':
    "Argument '{name}' is not valid: expected a name without control or invisible characters",
  'argument_invalid.length': "Argument '{name}' is not valid: expected at most {max} characters",
  'argument_invalid.most': "Argument '{name}' is not valid: expected at most {max}",
  'argument_invalid.date': "Argument '{name}' is not valid: expected a date, as 2026-01-31",
  'argument_invalid.month': "Argument '{name}' is not valid: expected a month, as 2026-01",
  'argument_invalid.order': "Argument '{name}' is not valid: expected no later than '{last}'",
  'argument_invalid.other_item': "Argument '{name}' is not valid: expected an account of 'item_id'",
  'argument_invalid.email': "Argument '{name}' is not valid: expected an e-mail address",
  'argument_invalid.option': "Argument '{name}' is not valid: expected one of {options}",
  'argument_invalid.types':
    "Argument '{name}' is not valid: expected up to 50 types of events, as connect.completed",
  'argument_invalid.cursor':
    "Argument '{name}' is not valid: expected the cursor of an earlier answer",
  'argument_invalid.time': "Argument '{name}' is not a date (yyyy-mm-dd) or a date with a time",
  'argument_invalid.address': "Argument '{name}' is not a web address",
  'argument_invalid.no_base':
    "Argument '{name}' is not a whole web address, and the site has none yet to complete it: give 'base_url', the site's own address",
  'argument_invalid.https': "Argument '{name}' must be an https address",
  'argument_invalid.http': "Argument '{name}' must be an http or https address",
  'argument_invalid.credentials': "Argument '{name}' must not carry credentials",
  'argument_invalid.address_length': "Argument '{name}' is longer than {most} characters",
  bridge_version_invalid: 'Bridge-Version is {first} or {second}',
  address_not_allowed:
    "Argument '{name}' does not belong to this site, whose address is {origin}. If that is wrong, the administrator of Bank API changes it with 'bank-api site update --origin'",
  webhook_target_refused: 'Webhooks may not be sent to {host}',
  email_required:
    "Bridge needs an e-mail address for the user: give 'email', or ask the administrator of Bank API to set DEFAULT_USER_EMAIL",
  'email_required.or_user':
    "Bridge needs an e-mail address for the user: give 'email', or a 'user' that is an address, or ask the administrator of Bank API to set DEFAULT_USER_EMAIL",

  site_ambiguous: "Several sites fit: say which one with 'site'",
  'site_ambiguous.address': "Several sites have the address {origin}: give 'site'",
  user_ambiguous: "Several users fit: say which one with 'user'",
  name_ambiguous: "Several {what}s have nearly this name: give '{what}' in its exact spelling",
  site_changed: 'The site has another origin by now',
  site_gone: 'The site is gone',
  'site_gone.being_deleted': 'Site {name} is being deleted',
  too_many_sites: 'No more sites can be made with this key: tell the administrator of Bank API',
  too_many_users: 'No more users can be made with this key: tell the administrator of Bank API',
  too_many_keys: 'Site {name} has {most} keys that are good: revoke one first',
  too_many_transactions:
    'There are more than {most} transactions, and one answer holds no more: {advice}',
  'too_many_transactions.to_look_through':
    'There are more than {most} transactions to look through: {advice}',
  cursor_too_old:
    'Not all events after this cursor are kept any more: the oldest cursor that works is {cursor}',
  'advice.fewer': 'ask for fewer, as with min_date={date}, and for earlier ones with max_date',
  'advice.later': 'in {seconds} seconds, {advice}',
  'advice.range_or_account': 'ask for a shorter range, or by account_id',
  'advice.range': 'ask for a shorter range',
  'advice.account': 'ask by account_id',
  'advice.raise_limit': 'the administrator of Bank API can raise MAX_TRANSACTIONS',

  site_not_found: 'Site {name} not found',
  user_not_found: 'User {name} not found',
  'user_not_found.unnamed': 'User not found',
  item_not_found: 'Item {id} not found',
  account_not_found: 'Account {id} not found',
  connect_request_not_found: 'Connection request {id} not found',
  key_not_found: 'Key {id} not found',
  bank_not_found: 'Bank {id} not found',
  category_not_found: 'Category {id} not found',

  too_many_calls: 'Too many calls. Please try again a little later.',
  too_many_large_answers:
    'Too many large answers are under way. Please try again in {seconds} seconds.',
  refresh_limit_reached:
    'Item {id} was refreshed {count} times within a day; the next is possible at {time}',
  'advice.refreshed_by_itself': 'Bridge refreshes this connection by itself, once or twice a day',

  bridge_quota_spent: 'Bridge takes no more calls for now. Please try again in {seconds} seconds.',
  bridge_unavailable: 'Bridge cannot be reached at the moment. Please try again in a few minutes.',
  bridge_timeout: 'Bridge did not answer in time. Please try again later.',
  bridge_answer_invalid:
    'Bridge gave an answer we cannot read. If it lasts, tell the administrator of Bank API.',
  bridge_credentials_refused:
    'Bridge refused this gateway. Please tell the administrator of Bank API.',
  bridge_not_found: 'Bridge does not know what was asked for. It may be deleted.',
  bridge_request_refused:
    'Bridge did not accept the request. Please tell the administrator of Bank API.',
  'bridge_request_refused.property':
    'Bridge did not accept the request ({property}). Please tell the administrator of Bank API.',

  webhook_secret_missing: 'No webhook secret is configured',
  event_not_stored: 'The event cannot be stored now',
  signature_invalid: 'The signature is not good',
  database_unavailable: 'The database cannot be reached at the moment',

  internal_error: 'Internal error, request id {id}',
} as const
