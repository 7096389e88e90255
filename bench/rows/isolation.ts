import { setTimeout as wait } from 'node:timers/promises'
import { Agent, request } from 'undici'
import { openGateway, webhook, type Gateway } from '../gateway.ts'
import type { Bench, Settings } from '../settings.ts'
import { atMost, compare, interleave, timesOf, type Figures, type Side } from '../side-by-side.ts'
import { openSites, siteAddress, type Sites } from '../sites.ts'

const eachSecond = 200

/** How healthy endpoints fare while every tenth is dead and every tenth hangs, beside a world where none does. */
export const healthyAmongBad: Bench = async (settings) => {
  const sites = await openSites()
  const good = (site: number) => siteAddress(site % 256, sites.port)
  const kinds = ['dead', 'hanging', ...Array<string>(8).fill('healthy')]
  const kindOf = (site: number) => kinds[site % kinds.length]!
  const mixed = (site: number): string => {
    if (kindOf(site) === 'dead') return siteAddress(site % 256, 9)
    return kindOf(site) === 'hanging' ? good(site).replace('/api/', '/hang/') : good(site)
  }
  const holdings = { sites: 100, items: 100, deliveries: 0 }
  const spread =
    (webhookUrl: (site: number) => string): Side =>
    async () => {
      const gateway = await openGateway(settings, { ...holdings, webhookUrl })
      const figures = await steady(gateway, sites, settings, (site) => kindOf(site) === 'healthy')
      await gateway.stop()
      return figures
    }
  const seen = await interleave(
    { beside: spread(good), ours: spread(mixed) },
    { rounds: settings.rounds, warmUps: 0 },
  )
  sites.close()
  const bench = 'healthy endpoints, 10 % dead, 10 % hanging'
  return [
    compare({ bench, figure: 'p50 ms' }, seen.ours, seen.beside),
    compare({ bench, figure: 'p99 ms', aim: atMost(1.1) }, seen.ours, seen.beside),
  ]
}

/** Posts evenly to all sites for four rounds' time, and counts those of the healthy after a warm-up. */
async function steady(
  gateway: Gateway,
  sites: Sites,
  { roundMs }: Settings,
  counts: (site: number) => boolean,
): Promise<Figures> {
  const dispatcher = new Agent({ connections: 32 })
  const sent: { number: number; at: number }[] = []
  const posts: Promise<unknown>[] = []
  const start = performance.now()
  const warmUp = roundMs
  for (let count = 0; performance.now() - start < roundMs * 4; count += 1) {
    const due = start + (count * 1_000) / eachSecond
    if (due > performance.now()) await wait(due - performance.now())
    const site = count % gateway.clients.length
    const { number, path, ...asked } = webhook(gateway.clients[site]!)
    const at = performance.now()
    if (counts(site) && at - start > warmUp) sent.push({ number, at })
    const post = request(`${gateway.url}${path}`, { ...asked, dispatcher })
    posts.push(post.then(({ body }) => body.dump()))
  }
  await Promise.all(posts)
  await Promise.all(sent.map(({ number }) => sites.hears(number)))
  await dispatcher.close()
  return timesOf(sent.map(({ number, at }) => sites.came.get(number)! - at))
}
