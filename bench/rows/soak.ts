import { call, inTurn, openGateway, webhook } from '../gateway.ts'
import { load } from '../load.ts'
import { residentMb, startProgram } from '../processes.ts'
import type { Bench } from '../settings.ts'
import type { Client } from '../seed.ts'
import { siteAddress } from '../sites.ts'
import { atMost, compare, type Figures, type Row } from '../side-by-side.ts'

const minuteMs = 60_000
const mostEvents = 250

/** Everything at once, for minutes: the last one beside the first. */
export const soak: Bench = async (settings) => {
  const { soakMinutes, roundMs } = settings
  const sites = await startProgram('sites')
  const webhookUrl = (site: number) => siteAddress(site, Number(new URL(sites.url).port))
  const gateway = await openGateway(settings, { ...settings.small, webhookUrl })
  const next = inTurn(gateway.clients)
  const reads = inTurn([
    (client: Client) => call(client, 'get_bridge_item_id', { request: client.request }),
    (client: Client) => call(client, 'get_category', { category_id: 101 }),
  ])
  const minutes: Figures[] = []
  const ms = Math.min(minuteMs, roundMs * 30)
  for (let minute = 0; minute < soakMinutes; minute += 1) {
    const [ours, bridge, events] = await Promise.all([
      load(gateway, { lanes: 4, ms }, () => reads()(next())),
      load(gateway, { lanes: 8, ms }, () => {
        const client = next()
        return call(client, 'get_bank_accounts', { item_id: client.itemId })
      }),
      load(gateway, { lanes: 1, ms, pauseMs: 1_000 / mostEvents }, () => webhook(next())),
    ])
    const figures = {
      'RSS MB': residentMb(gateway.pid),
      'p99 ms, reads': ours['p99 ms']!,
      'p99 ms, Bridge': bridge['p99 ms']!,
      'p99 ms, webhooks': events['p99 ms']!,
      'requests/s': ours['requests/s']! + bridge['requests/s']! + events['requests/s']!,
    }
    minutes.push(figures)
    process.stderr.write(`minute ${minute + 1}: ${JSON.stringify(figures)}\n`)
  }
  await gateway.stop()
  await sites.stop()
  const bench = `${soakMinutes} minutes of load, the last beside the first`
  const [first, last] = [minutes.slice(0, 1), minutes.slice(-1)]
  const rows: Row[] = Object.keys(first[0] ?? {}).map((figure) =>
    compare({ bench, figure, ...(figure === 'RSS MB' && { aim: atMost(1.05) }) }, last, first),
  )
  return rows
}
