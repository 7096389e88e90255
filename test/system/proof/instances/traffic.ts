import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request as send } from 'undici'
import { onTestFinished } from 'vitest'
import { signBridgeWebhook } from '../../../support/bridge.ts'
import { logIn } from '../../e2e/visit.ts'
import { webhookSecret, type Instances } from './instances.ts'

/** An event of Bridge's that got its 200. */
export interface Accepted {
  n: number
  type: string
  itemId: number
  site: string
}

/** A user who asked for a link, and signed in at the bank. */
export interface Visit {
  request: string
  itemId: number
}

/** What goes on while accidents happen: Bridge posts, sites call, users visit their bank. */
export interface Traffic {
  accepted: Accepted[]
  /** How often sites and browsers got which status, or none. */
  answers: Map<number | string, number>
  /** The same for Bridge. */
  answersToBridge: Map<number | string, number>
  visits: Visit[]
  /** How often somebody was told that an item is refreshed, by item. */
  refreshed: Map<number, number>
  /** Ends what is under way, each item's story with its last event. */
  end(): Promise<void>
}

const note = (answers: Map<number | string, number>, status: number | string) =>
  void answers.set(status, (answers.get(status) ?? 0) + 1)

/** What Bridge tells of an item, in this order. The consent ends within the month, so the site is reminded of it. */
const story = (): [type: string, content: object][] => [
  ['item.created', {}],
  ['item.account.created', { account_id: 1 }],
  ['item.account.updated', { account_id: 1 }],
  [
    'item.refreshed',
    {
      status_code: 0,
      refresh_trigger: 'scheduler',
      authentication_expires_at: new Date(Date.now() + 20 * 24 * 60 * 60_000).toISOString(),
    },
  ],
]

/** Of the items in those stories; the sandbox's own have fewer digits. */
let lastItem = 1_000_000_000

/** How many sites and users there are at a time. */
interface Crowd {
  /** Users of each site, of whom Bridge tells; all of them unless it says how many. */
  tellers: number
  callers: number
  visitors: number
  /** Who read one user's accounts, more often than Bridge allows. */
  readers: number
}

/** Between two things that one of them does. */
const pauseMs = { teller: 300, bridge: 100, caller: 100, visitor: 2_000, reader: 150, count: 500 }

/** How many deliveries may be pending before Bridge and users wait: on a slow machine more would only pile up. */
const mostPending = 500

/** Starts the traffic. */
export function startTraffic(
  { balancer, listeners, authorization, store }: Instances,
  { tellers, callers, visitors, readers }: Crowd = {
    tellers: Infinity,
    callers: 4,
    visitors: 1,
    readers: 2,
  },
): Traffic {
  const dispatcher = new Agent({ connections: 64, headersTimeout: 30_000 })
  onTestFinished(() => dispatcher.destroy())
  const ending = new AbortController()
  const { signal } = ending
  let n = 0
  const traffic: Traffic = {
    accepted: [],
    answers: new Map(),
    answersToBridge: new Map(),
    visits: [],
    refreshed: new Map(),
    async end() {
      ending.abort()
      await Promise.all(works)
    },
  }

  let isFull = false
  async function count(): Promise<void> {
    while (!signal.aborted) {
      // A database that is away counts nothing: the accident is the traffic's, too.
      const figures = await store.readFigures(Date.now()).catch(() => undefined)
      isFull = figures === undefined ? isFull : figures.deliveries.pending > mostPending
      await wait(pauseMs.count)
    }
  }
  /** Waits until sites keep up; false when the traffic is to end. */
  async function room(): Promise<boolean> {
    for (;;) {
      if (signal.aborted) return false
      if (!isFull) return true
      await wait(pauseMs.count)
    }
  }

  /** The status and what came with it; undefined when no answer came. */
  async function ask(method: 'GET' | 'POST', path: string, body: string | null, headers: object) {
    try {
      const answer = await send(`${balancer.url}${path}`, {
        method,
        body,
        headers: { ...headers, ...(body !== null && { 'content-type': 'application/json' }) },
        dispatcher,
      })
      return { status: answer.statusCode, text: await answer.body.text() }
    } catch (error) {
      return { status: String((error as { code?: string }).code), text: '' }
    }
  }

  /** As Bridge: what gets no 200 is sent again. */
  async function post(type: string, content: object): Promise<void> {
    const body = JSON.stringify({ type, content, timestamp: Date.now() })
    const headers = { 'bridgeapi-signature': signBridgeWebhook(body, webhookSecret) }
    for (;;) {
      const { status } = await ask('POST', '/webhooks/bridge', body, headers)
      note(traffic.answersToBridge, status)
      if (status === 200) return
      await wait(pauseMs.bridge)
    }
  }

  async function tell(site: string, userUuid: string): Promise<void> {
    while (await room()) {
      const itemId = (lastItem += 1)
      for (const [type, more] of story()) {
        n += 1
        const content = { ...more, item_id: itemId, user_uuid: userUuid, n }
        if ('account_id' in content) content.account_id = itemId
        const { n: own } = content
        await post(type, content)
        traffic.accepted.push({ n: own, type, itemId, site })
        await wait(pauseMs.teller)
      }
    }
  }

  const method = (name: string, args: object = {}) =>
    ask('POST', `/api/method/bank_api.bridge.${name}`, JSON.stringify(args), { authorization })

  async function call(): Promise<void> {
    while (!signal.aborted) {
      const path = '/api/method/frappe.auth.get_logged_user'
      note(traffic.answers, (await ask('GET', path, null, { authorization })).status)
      await wait(pauseMs.caller)
    }
  }

  async function visit(user: string): Promise<void> {
    const link = await method('get_bridge_connect_link', {
      redirect_url: 'http://busy.acme.test/app/bank',
      bank: 'Demo Bank',
      account_types: 'payment',
      user,
    })
    note(traffic.answers, link.status)
    if (link.status !== 200) return
    const { url, request } = (
      JSON.parse(link.text) as { message: { url: string; request: string } }
    ).message
    const callback = new URL(await logIn(url))
    const itemId = Number(callback.searchParams.get('item_id'))
    traffic.visits.push({ request, itemId })
    // Whether or not the browser comes back, the request is to end.
    const home = await ask('GET', `${callback.pathname}${callback.search}`, null, {})
    note(traffic.answers, home.status)
    const refreshes = Array.from({ length: 6 }, () =>
      method('post_item_refresh', { item_id: itemId, user }),
    )
    const answers = await Promise.all(refreshes)
    for (const { status } of answers) note(traffic.answers, status)
    const yes = answers.filter(({ text }) => text.includes('"refreshed":true')).length
    traffic.refreshed.set(itemId, yes)
  }

  async function visitAgain(visitor: number): Promise<void> {
    for (let time = 1; await room(); time += 1) {
      await visit(`visitor${visitor}.${time}@acme.test`)
      await wait(pauseMs.visitor)
    }
  }

  async function read(): Promise<void> {
    while (!signal.aborted) {
      const [visit] = traffic.visits
      if (visit) await method('get_bank_accounts', { item_id: visit.itemId })
      await wait(pauseMs.reader)
    }
  }

  const works = [
    count(),
    ...listeners.flatMap(({ site, users }) =>
      users.slice(0, tellers).map(({ userUuid }) => tell(site, userUuid)),
    ),
    ...Array.from({ length: callers }, call),
    ...Array.from({ length: visitors }, (_, visitor) => visitAgain(visitor)),
    ...Array.from({ length: readers }, read),
  ]
  return traffic
}
