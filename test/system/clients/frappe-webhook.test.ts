import { existsSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { pull, siteClient, visitBank, type Json } from '../e2e/visit.ts'
import { dataDirectory, startGateway, type Finishing } from '../../support/gateway.ts'
import { aTenantWithKeys } from '../../support/operator.ts'
import { openSite, type Heard } from '../../support/receiving-site.ts'
import { openFrappeSite, python } from './frappe-site.ts'
import { isLeftOut } from './run.ts'

const day = 24 * 60 * 60_000

/** One of each type of event that our relay sent to a site in half a year, and the secret it signed with. */
async function halfAYear(onTestFinished: Finishing) {
  const receiver = await openSite(onTestFinished)
  const gateway = await startGateway(dataDirectory(onTestFinished), onTestFinished)
  const { siteKey } = await aTenantWithKeys(gateway.env, { site: 'erp' })
  const ask = siteClient(gateway.url, siteKey)
  const order = {
    redirect_url: `${receiver.origin}/app/bank`,
    webhook_url: receiver.webhookUrl,
    bank: '<b>Société</b>',
    user: 'ada@acme.test',
  }
  for (const login of ['success', 'success.1010']) {
    const { url } = await ask('get_bridge_connect_link', order)
    await visitBank(url, login)
    await receiver.hears('connect.completed', login === 'success' ? 1 : 2)
    await pull(new URL(url).origin, 'clock', { advance: day })
    if (login === 'success') continue
    await receiver.hears('item.action_required')
    await pull(new URL(url).origin, 'clock', { advance: 150 * day })
  }
  await receiver.hears('consent.expiring')
  const { secret } = await ask('get_webhook_secret')
  const byType = new Map(receiver.heard.map((one) => [one.event.type as string, one]))
  const conf = {
    bank_connector_url: gateway.url,
    bank_connector_key: siteKey.api_key,
    bank_connector_secret: siteKey.api_secret,
  }
  return { secret: secret as string, byType, conf }
}

interface Request {
  headers: Record<string, string>
  body: string
  /** What the site's clock says, in seconds. */
  now: number
}

interface Site {
  secret: string
  /** Where Bank API is, when something of it is read. */
  conf?: object
  /** The functions that its apps name in hooks.py, by type. */
  hooks?: Record<string, string[]>
  /** Those that fail until the first request is over. */
  broken?: string[]
}

interface Told {
  answers: string[]
  kept: Record<string, [doctype: string, status: string | null]>
  todos: [user: string, text: string][]
  called: [path: string, content: Record<string, unknown>][]
}

/** Requests to a site, one after the other, its worker working after each. */
async function arrive(
  { secret, conf = {}, hooks = {}, broken = [] }: Site,
  requests: Request[],
): Promise<Told> {
  const ends: (() => void | Promise<void>)[] = []
  const site = openFrappeSite((work) => void ends.push(work))
  const documents = [{ doctype: 'User', name: 'ada@acme.test' }]
  await site('set_up', {
    conf: { ...conf, bank_connector_webhook_secret: secret },
    hooks,
    broken,
    documents,
  })
  const answers: string[] = []
  for (const request of requests) {
    const answer = await site('receive', request)
    answers.push(answer.error ?? answer)
    await site('set_up')
  }
  const { documents: all, called } = await site('books')
  for (const end of ends) await end()
  const of = (doctype: string): Json[] => all.filter((one: Json) => one.doctype === doctype)
  return {
    answers,
    called,
    kept: Object.fromEntries(
      of('Integration Request').map(({ name, doctype, status }) => [name, [doctype, status]]),
    ),
    todos: of('ToDo').map((one) => [one.allocated_to, one.description]),
  }
}

const asSent = ({ headers, body }: Heard): Request => ({
  headers: headers as Record<string, string>,
  body,
  now: Number(headers['webhook-timestamp']),
})

describe.skipIf(isLeftOut(python, existsSync(python), python))(
  'a Frappe site with examples/frappe/bank_connector.py',
  () => {
    let secret: string
    let byType: Map<string, Heard>
    let conf: object
    const one = (type: string): Request => asSent(byType.get(type)!)
    const ends: (() => void | Promise<void>)[] = []

    beforeAll(async () => {
      ;({ secret, byType, conf } = await halfAYear((work) => void ends.push(work)))
      return async () => {
        for (const end of ends.toReversed()) await end()
      }
    })

    test('keeps what our relay sent, completes it, and calls the functions that its apps name', async () => {
      const hooks = {
        'item.account.updated': ['acme.read'],
        'connect.completed': ['acme.a', 'acme.b'],
      }

      const { answers, kept, called } = await arrive(
        { secret, conf, hooks },
        [...byType.values()].map(asSent),
      )

      expect(byType.size).toBeGreaterThan(6)
      expect(answers).toEqual(answers.map(() => 'kept'))
      for (const { headers } of byType.values()) {
        expect(kept[String(headers['webhook-id'])]).toEqual(['Integration Request', 'Completed'])
      }
      const content = (type: string): unknown => byType.get(type)!.event.content
      expect(called).toHaveLength(3)
      expect(called).toContainEqual(['acme.read', content('item.account.updated')])
      expect(called).toContainEqual(['acme.a', content('connect.completed')])
      expect(called).toContainEqual(['acme.b', content('connect.completed')])
    })

    test('asks the user for what a person must do, in words that hold no HTML of others', async () => {
      const { todos } = await arrive({ secret }, [
        one('consent.expiring'),
        one('item.action_required'),
      ])

      const { renew_url: url, days_left: days } = byType.get('consent.expiring')!.event.content
      const bank = '&lt;b&gt;Société&lt;/b&gt;'
      expect(todos).toEqual([
        [
          'ada@acme.test',
          `The connection to ${bank} ends in ${days} days: <a href="${url}">renew it</a>.`,
        ],
        [
          'ada@acme.test',
          `The connection to ${bank} waits for its user (sca): open it and ask for a link.`,
        ],
      ])
    })

    test('ignores a repeat, which has the same webhook-id', async () => {
      const hooks = { 'item.refreshed': ['acme.read'] }
      const first = one('item.refreshed')

      const { answers, called } = await arrive({ secret, hooks }, [first, first])

      expect(answers).toEqual(['kept', 'seen before'])
      expect(called).toHaveLength(1)
    })

    test('does anew what failed, when it is replayed', async () => {
      const hooks = { 'item.refreshed': ['acme.read'] }
      const event = one('item.refreshed')

      const { answers, kept, called } = await arrive({ secret, hooks, broken: ['acme.read'] }, [
        event,
        event,
        event,
      ])

      expect(answers).toEqual(['kept', 'kept', 'seen before'])
      expect(called).toHaveLength(1)
      expect(Object.values(kept)).toEqual([['Integration Request', 'Completed']])
    })

    test.each<[string, (event: Request) => Request]>([
      ['another body', (event) => ({ ...event, body: `${event.body} ` })],
      ['another id', (event) => withHeader(event, 'webhook-id', 'evt_another')],
      ['another time', (event) => withHeader(event, 'webhook-timestamp', String(event.now + 1))],
      ['a time that is none', (event) => withHeader(event, 'webhook-timestamp', '²')],
      ['no signature', (event) => withHeader(event, 'webhook-signature', '')],
      ['a signature outside ASCII', (event) => withHeader(event, 'webhook-signature', 'v1,é ÿ')],
      ['an id outside ASCII', (event) => withHeader(event, 'webhook-id', 'evt_é')],
      [
        'Frappe’s signature in its place',
        (event) =>
          withHeader(
            event,
            'webhook-signature',
            `v1,${event.headers['x-frappe-webhook-signature']}`,
          ),
      ],
      ['no headers at all', (event) => ({ ...event, headers: {} })],
      ['ten minutes of delay', (event) => ({ ...event, now: event.now + 600 })],
    ])('refuses %s, and keeps nothing', async (_, forged) => {
      const { answers, kept } = await arrive({ secret }, [forged(one('item.refreshed'))])

      expect(answers).toEqual(['AuthenticationError'])
      expect(kept).toEqual({})
    })

    test.each([
      ['another secret', `whsec_${Buffer.alloc(32).toString('base64')}`],
      ['no secret', ''],
    ])('with %s refuses everything', async (_, other) => {
      const { answers } = await arrive({ secret: other }, [one('item.refreshed')])

      expect(answers).toEqual(['AuthenticationError'])
    })

    test('takes an event that both secrets signed, while they rotate', async () => {
      const event = one('item.refreshed')
      const both = `v1,${Buffer.alloc(32).toString('base64')} ${event.headers['webhook-signature']}`

      const { answers } = await arrive({ secret }, [withHeader(event, 'webhook-signature', both)])

      expect(answers).toEqual(['kept'])
    })
  },
)

const withHeader = (event: Request, name: string, value: string): Request => ({
  ...event,
  headers: { ...event.headers, [name]: value },
})
