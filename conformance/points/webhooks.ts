import { createHmac } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import type { Bridge, Connected } from '../bridge.ts'
import type { Heard, Listener } from '../listener.ts'
import { namesOf, NotTestableError, unless, untestable, type Point } from '../point.ts'

const hour = 60 * 60_000

const listenerOf = ({ listener }: Bridge): Listener => {
  if (!listener) throw new NotTestableError('no webhook leads here: give --listen')
  return listener
}

const about =
  (id: number, type: string) =>
  ({ type: is, content }: Heard): boolean =>
    is === type && content?.['item_id'] === id

/** Answers the next refresh of a connection so; the webhook as it first came. */
async function answerRefresh(
  bridge: Bridge,
  { id, user }: Connected,
  answer: number | 'never',
): Promise<Heard> {
  const listener = listenerOf(bridge)
  const known = new Set(listener.heard.map(({ raw }) => raw))
  const isMeant = (heard: Heard) => about(id, 'item.refreshed')(heard) && !known.has(heard.raw)
  listener.answer = (heard) => (isMeant(heard) ? answer : 200)
  await bridge.refresh(id, () =>
    bridge.callAs(user, 'POST', `/v2/items/${id}/refresh`, {
      headers: { 'bridge-version': '2021-06-01' },
    }),
  )
  return bridge.hears(isMeant, 'item.refreshed')
}

const triesOf = ({ heard }: Listener, { raw }: Heard): number =>
  heard.filter((one) => one.raw === raw).length

/** What the application's webhook is sent, and how. */
export const webhooks: readonly Point[] = [
  {
    id: 'webhook-signature',
    assumed: 'A webhook carries `v1=` and the HMAC of its bytes, in capitals.',
    async check(bridge) {
      const { id } = await bridge.connected()
      const { raw, signature } = await bridge.hears(about(id, 'item.refreshed'), 'item.refreshed')
      const { secret } = listenerOf(bridge)
      const own = createHmac('sha256', secret).update(raw).digest('hex').toUpperCase()
      if (signature.split(',').includes(`v1=${own}`)) return undefined
      return signature.startsWith('v1=') ? 'by another secret' : 'in another form'
    },
  },
  {
    id: 'webhook-order',
    assumed:
      'A new connection is told as created, its accounts as created and updated, then a refresh.',
    async check(bridge) {
      const { id } = await bridge.connected()
      await bridge.hears(about(id, 'item.refreshed'), 'item.refreshed')
      const types = listenerOf(bridge)
        .heard.filter(({ content }) => content?.['item_id'] === id)
        .map(({ type }) => type)
      const order = types.slice(0, types.indexOf('item.refreshed') + 1)
      const inOrder = [...new Set(order)].join(' ')
      const usual = 'item.created item.account.created item.account.updated item.refreshed'
      return inOrder === usual ? undefined : `it was ${inOrder}`
    },
  },
  {
    id: 'webhook-status',
    assumed: '`item.refreshed` says `status_code`, and when the consent ends.',
    async check(bridge) {
      const { id } = await bridge.connected()
      const { content } = await bridge.hears(about(id, 'item.refreshed'), 'item.refreshed')
      return (
        unless([0], content['status_code'], 'status_code') ??
        unless(['string'], typeof content['authentication_expires_at'], 'the end is')
      )
    },
  },
  {
    id: 'webhook-data-access',
    assumed: 'Of an account with access a webhook does not say `data_access`.',
    switches: ['dataAccess'],
    async check(bridge) {
      const { id } = await bridge.connected()
      const isOpen = ({ content }: Heard) => content['data_access'] !== 'disabled'
      const { content } = await bridge.hears(
        (heard) => about(id, 'item.account.updated')(heard) && isOpen(heard),
        'item.account.updated',
      )
      return unless([undefined], content['data_access'], 'it says')
    },
  },
  {
    id: 'webhook-account-deleted',
    assumed: '`item.account.deleted` names the account, its item and its user alone.',
    switches: ['accountDeletedPayload'],
    async check(bridge) {
      listenerOf(bridge)
      const { id, user } = await bridge.connected()
      const narrower = { item_id: id, account_types: 'payment', user_email: undefined }
      await bridge.visit(await bridge.link(user, narrower), 'success')
      const { content } = await bridge.hears(
        about(id, 'item.account.deleted'),
        'item.account.deleted',
      )
      const names = namesOf(content)
      return names === 'account_id, item_id, user_uuid' ? undefined : `it has ${names}`
    },
  },
  {
    id: 'webhook-user-deleted',
    assumed: 'Who deletes a user is told `user.deleted` alone, of none of its items.',
    switches: ['userDeletedCascade'],
    async check(bridge) {
      const { heard } = listenerOf(bridge)
      const { id, user } = await bridge.connectedAs('402')
      await bridge.call('DELETE', `/v3/aggregation/users/${user.uuid}`)
      await bridge.hears(
        ({ type, content }) => type === 'user.deleted' && content['user_uuid'] === user.uuid,
        'user.deleted',
      )
      return heard.some(about(id, 'item.deleted')) ? 'its items are told too' : undefined
    },
  },
  {
    id: 'webhook-test-event',
    assumed: 'The test event’s `timestamp` is in seconds, all others in milliseconds.',
    switches: ['testEventSeconds'],
    async check(bridge) {
      listenerOf(bridge)
      await bridge.sendTestEvent()
      const { timestamp } = await bridge.hears(({ type }) => type === 'TEST_EVENT', 'TEST_EVENT')
      return timestamp < 100_000_000_000 ? undefined : 'it is in milliseconds'
    },
  },
  {
    id: 'webhook-200-alone',
    assumed: 'A webhook is delivered by 200 alone: after 204 it comes again.',
    switches: ['retryOnlyNon200'],
    async check(bridge) {
      const listener = listenerOf(bridge)
      const first = await answerRefresh(bridge, await bridge.connected(), 204)
      await bridge.pass(60_000)
      listener.answer = () => 200
      return triesOf(listener, first) > 1 ? undefined : 'it does not'
    },
  },
  {
    id: 'webhook-tries',
    assumed: 'A webhook that is refused is tried ten times within two days.',
    switches: ['webhookAttempts'],
    async check(bridge) {
      const listener = listenerOf(bridge)
      const first = await answerRefresh(bridge, await bridge.connected(), 500)
      for (let passed = 0; passed < 48 * hour; passed += 4 * hour) await bridge.pass(4 * hour)
      listener.answer = () => 200
      return unless([10], triesOf(listener, first), 'tries')
    },
  },
  {
    id: 'webhook-patience',
    assumed: 'A receiver has ten seconds to answer.',
    switches: ['webhookTimeout'],
    isSlow: true,
    async check(bridge) {
      const listener = listenerOf(bridge)
      const before = listener.hungUp.length
      await answerRefresh(bridge, await bridge.connected(), 'never')
      for (let waited = 0; waited < 20_000 && listener.hungUp.length === before; waited += 50) {
        await wait(50)
      }
      listener.answer = () => 200
      const ms = listener.hungUp[before]
      if (ms === undefined) return 'more than 20 s'
      const seconds = Math.round(ms / 1_000)
      return seconds >= 9 && seconds <= 12 ? undefined : `it has ${seconds} s`
    },
  },
  untestable('webhook-https', 'A webhook’s address must be https.', 'the dashboard decides it'),
  untestable(
    'webhook-repeats',
    'An event may come twice, and its body has no id.',
    'nobody can ask for a repeat',
  ),
]
