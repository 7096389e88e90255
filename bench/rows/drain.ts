import { setTimeout as wait } from 'node:timers/promises'
import { database, openGateway } from '../gateway.ts'
import { answered, cpuMs, startProgram } from '../processes.ts'
import type { Holdings } from '../seed.ts'
import type { Bench } from '../settings.ts'
import { atMost, compare, interleave, type Side } from '../side-by-side.ts'
import { siteAddress } from '../sites.ts'

/** What an outage left behind, brought to its sites; beside the same posts, as many at once, by undici alone. */
export const drain: Bench = async (settings) => {
  const { due, endpoints } = settings.drain
  const sites = await startProgram('sites')
  const port = Number(new URL(sites.url).port)
  const webhookUrl = (site: number) => siteAddress(site, port)
  const taken = async (): Promise<number> => Number(await (await fetch(sites.url)).text())

  const drained =
    (holdings: Holdings): Side =>
    async () => {
      const before = await taken()
      const gateway = await openGateway(
        settings,
        {
          ...holdings,
          sites: Math.max(endpoints, holdings.sites),
          due,
          dueSites: endpoints,
          webhookUrl,
        },
        {
          // Due once the server is up, so that its start is not counted.
          prepare: (client) => {
            const later = client.prepare(`UPDATE deliveries SET due_at = ? WHERE state = 'pending'`)
            later.run(Date.now() + 6_000)
          },
        },
      )
      await wait(1_500)
      const cpuBefore = cpuMs(gateway.pid)
      while ((await taken()) === before) await wait(5)
      const start = performance.now()
      const left = `SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL`
      while (gateway.ask(left) > 0) await wait(50)
      const seconds = (performance.now() - start) / 1_000
      const cpu = cpuMs(gateway.pid) - cpuBefore
      if ((await taken()) - before !== due) throw new Error('Not every delivery arrived once')
      await gateway.stop()
      return { 'CPU µs': (cpu * 1_000) / due, 'deliveries/s': due / seconds }
    }
  const atOnce = String(Math.min(1_000, endpoints * 4))
  const args = [String(port), String(due), String(endpoints), atOnce]
  const bare = await startProgram('post-all', { args })
  const straight: Side = async () => {
    const cpuBefore = cpuMs(bare.pid)
    const start = performance.now()
    await (await fetch(bare.url)).text()
    const seconds = (performance.now() - start) / 1_000
    return {
      'CPU µs': ((cpuMs(bare.pid) - cpuBefore) * 1_000) / due,
      'deliveries/s': due / seconds,
    }
  }
  const owing = await database(settings, {
    ...settings.small,
    sites: Math.max(endpoints, settings.small.sites),
    due,
    dueSites: endpoints,
    webhookUrl,
  })
  const duties = await startProgram('drain-duties', { args: [atOnce], env: owing.env })
  const seen = await interleave(
    {
      beside: straight,
      ours: drained(settings.small),
      grown: drained(settings.kept),
      duties: () => answered(duties),
    },
    { rounds: settings.rounds, warmUps: 0 },
  )
  await bare.stop()
  await duties.stop()
  owing.remove()
  await sites.stop()
  const bench = `drain of ${due.toLocaleString('en')} to ${endpoints.toLocaleString('en')} endpoints`
  return [
    compare({ bench, figure: 'CPU µs', aim: atMost(2.5) }, seen.ours, seen.beside),
    compare({ bench, figure: 'deliveries/s' }, seen.ours, seen.beside),
    compare({ bench: `${bench}: its duties alone`, figure: 'CPU µs' }, seen.duties, seen.beside),
    compare(
      { bench: `${bench}, beside its duties`, figure: 'CPU µs', aim: atMost(1.25) },
      seen.ours,
      seen.duties,
    ),
    compare(
      { bench: `${bench}, grown`, figure: 'CPU µs', aim: atMost(1.1) },
      seen.grown,
      seen.ours,
    ),
  ]
}
