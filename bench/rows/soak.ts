import { readdirSync, readlinkSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { call, inTurn, openGateway, webhook } from '../gateway.ts'
import { load } from '../load.ts'
import { openOnPostgres } from '../on-postgres.ts'
import { residentMb, startProgram, type Running } from '../processes.ts'
import type { Bench, Settings } from '../settings.ts'
import type { Client, Holdings } from '../seed.ts'
import { siteAddress } from '../sites.ts'
import { atMost, compare, type Figures, type Row } from '../side-by-side.ts'

const minuteMs = 60_000
const mostEvents = 250
const token = 'the-token-of-the-metrics'

type Server = Running & { clients: readonly Client[]; settled(): Promise<void> }
type Opened = (holdings: Holdings) => Promise<Server>

/**
 * Everything at once, for minutes: the last sixth of them beside the first, after as many that do not count; and what is open
 * afterwards beside before.
 */
export const soak: Bench = (settings) =>
  soakOn(settings, 'a file', (holdings) =>
    openGateway(settings, holdings, { more: { METRICS_TOKEN: token } }),
  )

export const soakOnPostgres: Bench = (settings) =>
  soakOn(settings, 'PostgreSQL', (holdings) =>
    openOnPostgres(settings, holdings, { more: { METRICS_TOKEN: token } }),
  )

async function soakOn(settings: Settings, engine: string, open: Opened): Promise<Row[]> {
  const { soakMinutes, roundMs } = settings
  const sites = await startProgram('sites')
  const webhookUrl = (site: number) => siteAddress(site, Number(new URL(sites.url).port))
  const gateway = await open({ ...settings.small, webhookUrl })
  const next = inTurn(gateway.clients)
  const reads = inTurn([
    (client: Client) => call(client, 'get_bridge_item_id', { request: client.request }),
    (client: Client) => call(client, 'get_category', { category_id: 101 }),
  ])
  const minute = async (ms: number): Promise<Figures> => {
    const [ours, bridge, events] = await Promise.all([
      load(gateway, { lanes: 4, ms }, () => reads()(next())),
      load(gateway, { lanes: 8, ms }, () => {
        const client = next()
        return call(client, 'get_bank_accounts', { item_id: client.itemId })
      }),
      load(gateway, { lanes: 1, ms, pauseMs: 1_000 / mostEvents }, () => webhook(next())),
    ])
    return {
      'RSS MB': residentMb(gateway.pid),
      'p99 ms, reads': ours['p99 ms']!,
      'p99 ms, Bridge': bridge['p99 ms']!,
      'p99 ms, webhooks': events['p99 ms']!,
      'requests/s': ours['requests/s']! + bridge['requests/s']! + events['requests/s']!,
    }
  }
  const idle = async () => {
    await gateway.settled()
    await wait(idleMs)
    return openIn(gateway)
  }

  const minutes = async (count: number): Promise<Figures[]> => {
    const seen: Figures[] = []
    while (seen.length < count) {
      const figures = await minute(Math.min(minuteMs, roundMs * 30))
      seen.push(figures)
      process.stderr.write(`minute ${seen.length} of ${count}: ${JSON.stringify(figures)}\n`)
    }
    return seen
  }

  const sixth = Math.ceil(soakMinutes / 6)
  await minutes(sixth)
  const before = await idle()
  const all = await minutes(soakMinutes)
  const after = await idle()
  await gateway.stop()
  await sites.stop()
  const bench = `${soakMinutes} minutes of load on ${engine}, the last sixth beside the first`
  const [first, last] = [all.slice(0, sixth), all.slice(-sixth)]
  return [
    ...Object.keys(first[0] ?? {}).map((figure) =>
      compare({ bench, figure, ...(figure === 'RSS MB' && { aim: atMost(1.05) }) }, last, first),
    ),
    ...Object.keys(before).map((figure) =>
      compare(
        {
          bench: `idle after ${soakMinutes} minutes on ${engine}, beside before`,
          figure,
          how: 'difference',
          aim: atMost(0),
        },
        [after],
        [before],
      ),
    ),
  ]
}

/** As long as a socket that nobody uses may stay open. */
const idleMs = 75_000

/** What a server that has nothing to do holds open: files and sockets as the system counts them, timers as Node does. */
async function openIn({ url, pid }: Server): Promise<Figures> {
  const answer = await fetch(`${url}/metrics`, {
    headers: { authorization: `Bearer ${token}`, connection: 'close' },
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(text)
  const timers = /^nodejs_active_resources\{type="Timeout"\} (\d+)/m.exec(text)?.[1]
  const open = readdirSync(`/proc/${pid}/fd`)
  process.stderr.write(`open: ${open.map((one) => whatIs(`/proc/${pid}/fd/${one}`)).join(', ')}\n`)
  return { 'files and sockets': open.length, timers: Number(timers ?? 0) }
}

/** What a descriptor stands for; the one that listed them is gone by now. */
const whatIs = (link: string): string => {
  try {
    return readlinkSync(link)
  } catch {
    return 'gone'
  }
}
