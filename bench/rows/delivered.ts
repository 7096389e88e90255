import { setTimeout as wait } from 'node:timers/promises'
import { Agent, Pool, request } from 'undici'
import { inTurn, openGateway, webhook, type Gateway } from '../gateway.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave, timesOf, type Figures, type Side } from '../side-by-side.ts'
import { openSites, siteAddress } from '../sites.ts'

/** From Bridge's post to the site's receipt while nothing else happens, beside one post straight to the site. */
export const acceptedToDelivered: Bench = async (settings) => {
  const sites = await openSites()
  const webhookUrl = (site: number) => siteAddress(site % 256, sites.port)
  const ours = await openGateway(settings, { ...settings.small, webhookUrl })
  const grown = await openGateway(settings, { ...settings.kept, webhookUrl })
  const dispatcher = new Agent()
  const each = Math.max(20, Math.round(settings.roundMs / 10))

  const through =
    (gateway: Gateway): Side =>
    async () => {
      const next = inTurn(gateway.clients)
      const took: number[] = []
      for (let count = 0; count < each; count += 1) {
        const { number, path, ...asked } = webhook(next())
        const start = performance.now()
        const { body } = await request(`${gateway.url}${path}`, { ...asked, dispatcher })
        await body.dump()
        await sites.hears(number)
        took.push(sites.came.get(number)! - start)
        await wait(5) // until it is idle again
      }
      return timesOf(took)
    }
  const straight: Side = async () => {
    const next = inTurn(ours.clients)
    const took: number[] = []
    for (let count = 0; count < each; count += 1) {
      const { number, path: _path, ...asked } = webhook(next())
      const start = performance.now()
      const { body } = await request(siteAddress(count % 256, sites.port), { ...asked, dispatcher })
      await body.dump()
      took.push(sites.came.get(number)! - start)
      await wait(5)
    }
    return timesOf(took)
  }
  const seen = await interleave(
    { beside: straight, ours: through(ours), grown: through(grown) },
    { rounds: settings.rounds },
  )
  for (const program of [ours, grown]) await program.stop()
  await dispatcher.close()
  sites.close()
  const bench = 'accepted to delivered, idle'
  const how = 'difference' as const
  return [
    compare({ bench, figure: 'p50 ms', how, aim: atMost(5) }, seen.ours, seen.beside),
    compare({ bench, figure: 'p99 ms', how, aim: atMost(20) }, seen.ours, seen.beside),
    compare(
      { bench: `${bench}, grown`, figure: 'p50 ms', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
  ]
}

const lanes = 64

/**
 * From the moment at which Bridge's post is due to the site's receipt, while events come at half the rate that the server can
 * accept and deliver, which is looked for first; beside events that come one after the other.
 */
export const deliveredUnderLoad: Bench = async (settings) => {
  const sites = await openSites()
  const webhookUrl = (site: number) => siteAddress(site % 256, sites.port)
  const gateway = await openGateway(settings, { ...settings.small, webhookUrl })
  const pool = new Pool(gateway.url, { connections: lanes })
  const next = inTurn(gateway.clients)

  /** So many events on their way at once, each sent when it is due or, without a rate, once the one before it is received. */
  const posted = async (atOnce: number, rate?: number): Promise<Figures> => {
    const took: number[] = []
    const start = performance.now()
    let turn = 0
    const lane = async (): Promise<void> => {
      while (performance.now() < start + settings.roundMs) {
        const due = rate === undefined ? performance.now() : start + (turn++ / rate) * 1_000
        await wait(Math.max(0, due - performance.now()))
        const { number, ...asked } = webhook(next())
        const { statusCode, body } = await pool.request(asked)
        await body.dump()
        if (statusCode !== 200) throw new Error(`${asked.path}: ${statusCode}`)
        await sites.hears(number)
        took.push(sites.came.get(number)! - due)
      }
    }
    await Promise.all(Array.from({ length: atOnce }, lane))
    const seconds = (performance.now() - start) / 1_000
    return { ...timesOf(took), 'events/s': took.length / seconds }
  }

  await posted(lanes)
  const { 'events/s': most = Number.NaN } = await posted(lanes)
  const seen = await interleave(
    { beside: () => posted(1), ours: () => posted(lanes, most / 2) },
    { rounds: settings.rounds },
  )
  await gateway.stop()
  await pool.close()
  sites.close()
  const bench = `accepted to delivered, at half of ${Math.round(most).toLocaleString('en')} events a second`
  return ['p50 ms', 'p99 ms', 'events/s'].map((figure) =>
    compare({ bench, figure }, seen.ours, seen.beside),
  )
}
