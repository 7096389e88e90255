import type { Bridge, Connected } from '../bridge.ts'
import { unless, untestable, word, type Point } from '../point.ts'

const sessions = '/v3/aggregation/connect-sessions'
const minute = 60_000
const day = 24 * 60 * minute

/** What a link for a new connection with one strange field is answered. */
async function refusal({ callAs, user, callback }: Bridge, field: string, value: unknown) {
  const body = { user_email: 'conformance@example.com', callback_url: callback, [field]: value }
  const { status, body: said } = await callAs(await user(), 'POST', sessions, { body })
  const property = said?.property ?? said?.errors?.[0]?.property
  return (
    unless([400], status, 'status') ??
    (property === field ? undefined : `400, and property is ${word(property)}`)
  )
}

const backFrom = async (bridge: Bridge): Promise<URLSearchParams> =>
  (await bridge.connected()).back.searchParams

/** A connection whose login asks for something, as the bank leaves it. */
async function endOf(bridge: Bridge, login: string): Promise<{ made: Connected; status: unknown }> {
  const made = await bridge.connectedAs(login)
  const { body } = await bridge.get(made.user, `/v3/aggregation/items/${made.id}`)
  return { made, status: body.status ?? body.status_code }
}

/** Links, visits, and where they end. */
export const connecting: readonly Point[] = [
  {
    id: 'history-at-connect',
    assumed: 'All history is there when Connect ends.',
    switches: ['historyAtConnect'],
    async check(bridge) {
      const { user } = await bridge.connected()
      const before = new Date(Date.now() - 90 * day).toISOString().slice(0, 10)
      const query = { max_date: before, limit: 1 }
      const { body } = await bridge.get(user, '/v3/aggregation/transactions', query)
      return body.resources.length > 0 ? undefined : 'nothing there is older than 90 days'
    },
  },
  {
    id: 'link',
    assumed: 'A link is 201 with `id` and `url`.',
    async check({ callAs, user, callback }) {
      const body = { user_email: 'conformance@example.com', callback_url: callback }
      const { status, body: said } = await callAs(await user(), 'POST', sessions, { body })
      return unless([201], status, 'status') ?? unless(['string'], typeof said?.url, 'url')
    },
  },
  {
    id: 'management-link',
    assumed: 'A user management session answers the same, on the same host.',
    async check({ callAs, user, link, callback }) {
      const someone = await user()
      const body = { user_email: 'conformance@example.com', callback_url: callback }
      const path = '/v3/aggregation/user-management-sessions'
      const { status, body: said } = await callAs(someone, 'POST', path, { body })
      const hosts = [await link(someone), String(said?.url)].map((url) => URL.parse(url)?.host)
      return (
        unless([201], status, 'status') ??
        (hosts[0] === hosts[1] ? undefined : 'its host is another')
      )
    },
  },
  {
    id: 'link-to-nothing',
    assumed: 'A link to an item that is not the user’s is 404.',
    async check({ callAs, user }) {
      const answer = await callAs(await user(), 'POST', sessions, { body: { item_id: 1 } })
      return unless([404], answer.status, 'status')
    },
  },
  {
    id: 'callback-elsewhere',
    assumed: 'Any host may stand in `callback_url` while the dashboard lists none.',
    switches: ['callbackHosts'],
    async check({ callAs, user }) {
      const body = {
        user_email: 'conformance@example.com',
        callback_url: 'https://conformance.example/back',
      }
      const answer = await callAs(await user(), 'POST', sessions, { body })
      return unless([201], answer.status, 'status')
    },
  },
  {
    id: 'context-checked',
    assumed: 'A `context` with other characters than letters, digits and hyphens is 400 and named.',
    switches: ['contextChecked'],
    check: async (bridge) => refusal(bridge, 'context', 'a_b'),
  },
  {
    id: 'account-types-checked',
    assumed: 'Unknown `account_types` are 400 and named.',
    check: async (bridge) => refusal(bridge, 'account_types', 'conformance'),
  },
  {
    id: 'callback-query-kept',
    assumed: 'The query that `callback_url` has stays.',
    switches: ['callbackQueryKept'],
    check: async (bridge) => ((await backFrom(bridge)).has('kept') ? undefined : 'it is gone'),
  },
  {
    id: 'callback-source',
    assumed: 'The callback says `source=connect`.',
    switches: ['callbackSource'],
    async check(bridge) {
      return unless(['connect'], (await backFrom(bridge)).get('source') ?? undefined, 'source')
    },
  },
  {
    id: 'callback-success',
    assumed: 'A good end says `success=true`, without `step`.',
    async check(bridge) {
      const back = await backFrom(bridge)
      return (
        unless(['true'], back.get('success') ?? undefined, 'success') ??
        unless([undefined], back.get('step') ?? undefined, 'step')
      )
    },
  },
  {
    id: 'callback-whose',
    assumed: 'The callback names `user_uuid`, `item_id` and the `context`.',
    async check(bridge) {
      const back = await backFrom(bridge)
      const { user } = await bridge.connected()
      if (back.get('user_uuid') !== user.uuid) return 'user_uuid is another, or absent'
      if (!Number(back.get('item_id'))) return 'item_id is absent'
      return unless(['conformance-1'], back.get('context') ?? undefined, 'context')
    },
  },
  {
    id: 'callback-refused',
    assumed:
      'Who leaves after a wrong password comes back with `success=false`, `step=bank_creds_form`.',
    async check(bridge) {
      const { made, status } = await endOf(bridge, '402')
      const { searchParams: back } = made.back
      return (
        unless(['false'], back.get('success') ?? undefined, 'success') ??
        unless(['bank_creds_form'], back.get('step') ?? undefined, 'step') ??
        unless([402], status, 'and the item')
      )
    },
  },
  {
    id: 'otp-refused',
    assumed: 'A code that was refused leaves the item at 1010, `step=otp_form`.',
    async check(bridge) {
      const { made, status } = await endOf(bridge, 'otp_fail')
      const step = made.back.searchParams.get('step') ?? undefined
      return unless([1010], status, 'status') ?? unless(['otp_form'], step, 'step')
    },
  },
  {
    id: 'app-expired',
    assumed: 'A validation in the bank’s app that ran out leaves the item at 1010.',
    check: async (bridge) =>
      unless([1010], (await endOf(bridge, 'app2app_expiry')).status, 'status'),
  },
  {
    id: 'scenario-chained',
    assumed: 'The login `success.1010` succeeds, and each refresh takes the next word.',
    async check(bridge) {
      const { callAs } = bridge
      const { made, status } = await endOf(bridge, 'success.1010')
      if (status !== 0) return `first ${word(status)}`
      await bridge.refresh(made.id, () =>
        callAs(made.user, 'POST', `/v2/items/${made.id}/refresh`, {
          headers: { 'bridge-version': '2021-06-01' },
        }),
      )
      const { body } = await bridge.get(made.user, `/v3/aggregation/items/${made.id}`)
      return unless([1010], body.status ?? body.status_code, 'after a refresh')
    },
  },
  {
    id: 'consent-renewed',
    assumed:
      'A consent that still holds is renewed by `force_reauthentication`, and ends later then.',
    async check({ connected, get, link, pass, visit }) {
      const { id, user } = await connected()
      const endOfConsent = async (): Promise<number> => {
        const { body } = await get(user, `/v3/aggregation/items/${id}`)
        return Date.parse(String(body.authentication_expires_at))
      }
      const before = await endOfConsent()
      await pass(5_000)
      const renewal = { item_id: id, force_reauthentication: true, user_email: undefined }
      await visit(await link(user, renewal), 'success')
      return (await endOfConsent()) > before ? undefined : 'it ends when it did before'
    },
  },
  {
    id: 'link-once',
    assumed: 'A link serves once: after a good end it is over.',
    switches: ['sessionCompletions'],
    async check({ connected, serves }) {
      return (await serves((await connected()).link)) ? 'it serves again' : undefined
    },
  },
  {
    id: 'link-life',
    assumed: 'A link lives for 30 minutes.',
    switches: ['sessionMinutes'],
    async check({ link, user, serves, pass }) {
      const url = await link(await user(), { provider_id: 574 })
      await pass(29.5 * minute)
      if (!(await serves(url))) return 'it was over before'
      await pass(minute)
      return (await serves(url)) ? 'it serves after 30 minutes' : undefined
    },
  },
  untestable(
    'consent-elsewhere',
    'Loans and savings may ask for their user more often.',
    'takes months',
  ),
]
