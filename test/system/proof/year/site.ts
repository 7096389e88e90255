import type { Clock } from '../../../../src/clock.ts'
import { openFrappeSite } from '../../clients/frappe-site.ts'
import { comeBack, logIn, siteClient, type Json } from '../../e2e/visit.ts'
import type { ReceivedMail } from '../../../support/mail-server.ts'
import type { Pair } from '../../../support/operator.ts'
import { onTestFinished } from 'vitest'
import type { Bank, Held } from './bank.ts'
import type { Chance } from './chance.ts'

export const dayMs = 24 * 60 * 60_000
export const isoDay = (at: number): string => new Date(at).toISOString().slice(0, 10)

/** When the people of a site renew: by what reached them, on which of its reminders, or never. */
export interface Manners {
  hasWebhooks: boolean
  renews: { by: 'todo' | 'mail'; onReminder: number } | 'late' | 'never'
  /** How long a consent is good. */
  consentDays: number
  /** Whether the bank never asks for its user between two visits. */
  isSteady: boolean
  /** Days on which the connection ends, and how: the person deletes it, or the bank loses it. */
  breaks: { day: number; how: 'deleted' | 'lost'; backAfter: number }[]
  /** Days without a site at all: no webhook is taken, nothing is asked. */
  away: { from: number; to: number }[]
}

/** A Frappe site with the module, and its people. */
export interface Site {
  name: string
  manners: Manners
  /** The connection now, if any, and its booked accounts at Bridge. */
  held: Held | undefined
  /** When its bank gave data, day by day. */
  successes: number[]
  /** When its people went for a link that renews. */
  clicks: number[]
  counts: { connections: number; renewals: number; mended: number; refused: number }
  /** A webhook of the gateway's: the status that the site answers. */
  receive(headers: object, body: string): Promise<number>
  /** What the scheduler does hourly. */
  catchUp(): Promise<void>
  /** What its people do on such a day, going by ToDos and mails. */
  live(day: number): Promise<void>
  isAway(day: number): boolean
  booked(): Promise<{ account: string; day: string; cents: number; text: string }[]>
  /** What the bank has for each mapped account now. */
  inBank(): Promise<{ account: string; day: string; cents: number; text: string }[]>
  /** What the site was told, and when. */
  told(): Promise<{ type: string; at: number }[]>
}

/** By position among the bank's twelve. */
const bankAccounts = ['Giro', 'Pro'] as const
const positionOf = { Giro: 0, Pro: 2 }

/** A site that books from the day before its first on. */
export function createSite(options: {
  name: string
  manners: Manners
  gatewayUrl: string
  origin: string
  key: Pair
  webhookSecret: string
  bank: Bank
  mails: readonly ReceivedMail[]
  clock: Clock
  chance: Chance
}): Site {
  const { name, manners, gatewayUrl, origin, key, webhookSecret, bank, mails, clock, chance } =
    options
  const frappe = openFrappeSite(onTestFinished)
  const ask = siteClient(gatewayUrl, key)
  const since = isoDay(clock.now() - 20 * dayMs)
  let last: Promise<unknown> = Promise.resolve()
  // One process, one command at a time.
  const run = (command: string, args: object = {}): Promise<Json> => {
    const mine = last.then(() => frappe(command, args))
    last = mine.catch(() => {})
    return mine
  }
  const isRefused = (answer: Json): boolean => answer?.error !== undefined
  let isMapped = false
  let backOn = 0
  let mendOn: number | undefined
  let renewal: string | undefined
  let reminders = 0
  let todosSeen = 0
  let mailsSeen = 0

  const ready = run('set_up', {
    conf: {
      bank_connector_url: gatewayUrl,
      bank_connector_key: key.api_key,
      bank_connector_secret: key.api_secret,
      host_name: origin,
      ...(manners.hasWebhooks && { bank_connector_webhook_secret: webhookSecret }),
    },
    documents: bankAccounts.map((account) => ({
      doctype: 'Bank Account',
      name: account,
      integration_id: null,
      last_integration_date: null,
    })),
    user: `ada@${name}`,
  })

  /** What the bank does at the refreshes to come: it is down for days, twice, and then may ask for its user. */
  const scenario = (): string => {
    const wells = () => Array<string>(chance.between(8, 28)).fill('s')
    const downs = () => Array<string>(chance.between(2, 5)).fill('1003')
    const end = !manners.isSteady && chance.onceIn(2) ? '1010' : 's'
    return [...wells(), ...downs(), ...wells(), ...downs(), 's', end].join('.')
  }
  const visit = async (link: string): Promise<void> => {
    const callback = await logIn(link, scenario())
    const { searchParams } = new URL(callback)
    site.held = {
      itemId: Number(searchParams.get('item_id')),
      userUuid: searchParams.get('user_uuid') ?? '',
    }
    reminders = 0
    await bank.limitConsent(site.held.itemId, manners.consentDays * dayMs)
    // The browser may not come back: a server that dies now hears of it from Bridge.
    await comeBack(callback).catch(() => {})
  }
  const connect = async (): Promise<void> => {
    const answer = await run('link', { redirect_url: `${origin}/app/bank`, bank: 'Demo Bank' })
    if (isRefused(answer)) return void (site.counts.refused += 1)
    await visit(answer.url)
    site.counts.connections += 1
  }
  const mapFirst = async (): Promise<void> => {
    const ids = bankAccounts.map((account) => site.held!.itemId * 16 + positionOf[account])
    const there = await ask('get_bank_accounts', { item_id: site.held!.itemId })
    if (!ids.every((id) => there.some((one: Json) => one.id === id))) return
    for (const [index, account] of bankAccounts.entries()) {
      await run('map_account', { bank_account: account, account_id: ids[index], since })
    }
    isMapped = true
  }
  const mend = async (): Promise<void> => {
    const answer = await run('link', {
      redirect_url: `${origin}/app/bank`,
      item_id: site.held!.itemId,
    })
    if (isRefused(answer)) return void (site.counts.refused += 1)
    await visit(answer.url)
    site.counts.mended += 1
    mendOn = undefined
  }
  const renew = async (url: string): Promise<void> => {
    site.clicks.push(clock.now())
    const looked = await fetch(url)
    const opened = looked.ok && (await fetch(url, { method: 'POST', redirect: 'manual' }))
    // Renewed or void already: there is nothing to click any more.
    if (looked.status === 410 || looked.status === 404) return void (renewal = undefined)
    if (!opened || opened.status !== 303) return void (site.counts.refused += 1)
    await visit(opened.headers.get('location') ?? '')
    site.counts.renewals += 1
    renewal = undefined
  }
  const readTodos = async (day: number): Promise<void> => {
    const todos: string[] = (
      await run('list_of', { doctype: 'ToDo', fields: ['description'] })
    ).flat()
    for (const text of todos.slice(todosSeen)) {
      const [, url] = /href="([^"]+)">renew/.exec(text) ?? []
      if (url && typeof manners.renews === 'object' && manners.renews.by === 'todo') {
        remind(url.replaceAll('&amp;', '&'))
      }
      // Who lets consents end does not look at once either; who never renews never looks.
      const wait = manners.renews === 'late' ? 6 : 1
      if (/waits for its user/.test(text) && manners.renews !== 'never') mendOn ??= day + wait
    }
    todosSeen = todos.length
  }
  const readMails = (): void => {
    const own = mails.filter(({ to }) => to === `ada@${name}`)
    for (const { text } of own.slice(mailsSeen)) {
      const [url] = /http\S+\/renew\/[^\s?]+/.exec(text) ?? []
      if (url) remind(url)
    }
    mailsSeen = own.length
  }
  const remind = (url: string): void => {
    reminders += 1
    if (typeof manners.renews !== 'object') return
    if (reminders === manners.renews.onReminder) renewal = url
  }

  const site: Site = {
    name,
    manners,
    held: undefined,
    successes: [],
    clicks: [],
    counts: { connections: 0, renewals: 0, mended: 0, refused: 0 },
    async receive(headers, body) {
      const answer = await run('receive', { headers, body, now: Math.floor(clock.now() / 1000) })
      return isRefused(answer) ? 500 : 200
    },
    async catchUp() {
      await run('set_up', { today: isoDay(clock.now()) })
      const answer = await run('catch_up')
      if (isRefused(answer)) site.counts.refused += 1
    },
    async live(day) {
      await ready
      try {
        const gone = manners.breaks.find((one) => one.day === day)
        if (gone && site.held) {
          if (gone.how === 'lost') await bank.lose(site.held.itemId)
          else await ask('delete_bridge_item_id', { item_id: site.held.itemId })
          site.held = undefined
          mendOn = undefined
          backOn = day + gone.backAfter
        }
        if (!site.held && day >= backOn) await connect()
        if (site.held && !isMapped) await mapFirst()
        await readTodos(day)
        if (typeof manners.renews === 'object' && manners.renews.by === 'mail') readMails()
        if (site.held && mendOn !== undefined && day >= mendOn) await mend()
        if (site.held && renewal) await renew(renewal)
      } catch {
        // The server died, or Bridge is away: another day.
        site.counts.refused += 1
      }
    },
    isAway: (day) => manners.away.some(({ from, to }) => day >= from && day <= to),
    async booked() {
      const fields = ['bank_account', 'date', 'deposit', 'withdrawal', 'description', 'docstatus']
      const rows: Json[] = await run('list_of', { doctype: 'Bank Transaction', fields })
      return rows
        .filter((row) => row[5] === 1)
        .map(([account, date, deposit, withdrawal, text]) => ({
          account,
          day: date,
          cents: Math.round((deposit - withdrawal) * 100),
          text,
        }))
    },
    async inBank() {
      if (!site.held) return []
      const all = []
      for (const account of bankAccounts) {
        const id = site.held.itemId * 16 + positionOf[account]
        const rows = await bank.rows(site.held, id, since)
        all.push(
          ...rows.map((row) => ({
            account,
            day: row.date,
            cents: Math.round(row.amount * 100),
            text: row.clean_description,
          })),
        )
      }
      return all
    },
    async told() {
      const rows = await run('list_of', { doctype: 'Integration Request', fields: ['data'] })
      return rows.flat().map((text: string) => {
        const { type, timestamp } = JSON.parse(text)
        return { type, at: timestamp }
      })
    },
  }
  return site
}
