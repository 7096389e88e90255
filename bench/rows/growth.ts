import { call, inTurn, openGateway, webhook } from '../gateway.ts'
import { load } from '../load.ts'
import { openOnPostgres } from '../on-postgres.ts'
import { residentMb, startProgram, type Running } from '../processes.ts'
import type { Client, Holdings } from '../seed.ts'
import type { Bench, Settings } from '../settings.ts'
import { compare, interleave, type Figures, type Row } from '../side-by-side.ts'
import { siteAddress } from '../sites.ts'

type Server = Running & {
  clients: readonly Client[]
  settled(): Promise<void>
  ask(query: string): number | Promise<number>
}
interface Engine {
  name: string
  open(holdings: Holdings): Promise<Server>
  /** Its query for how many bytes a database has. */
  bytes: string
}

/** What a call, a webhook and a gigabyte cost as an installation grows in one direction at a time, on a file. */
export const growth: Bench = (settings) =>
  growthOn(settings, {
    name: 'a file',
    open: (holdings) => openGateway(settings, holdings),
    bytes: 'SELECT page_count * page_size FROM pragma_page_count, pragma_page_size',
  })

export const growthOnPostgres: Bench = (settings) =>
  growthOn(settings, {
    name: 'PostgreSQL',
    open: (holdings) => openOnPostgres(settings, holdings),
    bytes: 'SELECT pg_database_size(current_database())',
  })

/** In which directions an installation grows, each by two steps of ten up to all that is kept. */
const directions: Readonly<Record<string, (settings: Settings, share: number) => Holdings>> = {
  tenants: ({ small, kept }, share) => ({
    ...small,
    sites: kept.sites,
    items: kept.sites,
    tenants: Math.ceil(kept.sites * share),
  }),
  sites: ({ small, kept }, share) => {
    const sites = Math.max(small.sites, Math.ceil(kept.sites * share))
    return { ...small, sites, items: sites }
  },
  items: ({ small, kept }, share) => ({ ...small, items: Math.ceil(kept.items * share) }),
  deliveries: ({ small, kept }, share) => ({
    ...small,
    deliveries: Math.ceil(kept.deliveries * share),
  }),
}

const shares = [0.01, 0.1, 1] as const

async function growthOn(settings: Settings, { name, open, bytes }: Engine): Promise<Row[]> {
  const sites = await startProgram('sites')
  const webhookUrl = (site: number) => siteAddress(site, Number(new URL(sites.url).port))
  const rows: Row[] = []
  for (const [direction, holdingsOf] of Object.entries(directions)) {
    const all = shares.map((share) => ({ ...holdingsOf(settings, share), webhookUrl }))
    const servers: Server[] = []
    for (const holdings of all) servers.push(await open(holdings))
    const figures = await Promise.all(servers.map((server) => sizeOf(server, bytes)))
    const sides = Object.fromEntries(
      servers.map((server, point) => [`point ${point}`, () => roundOf(server, settings.roundMs)]),
    )
    const seen = await interleave(sides, { rounds: settings.rounds, warmUps: 2 })
    const resident = servers.map(({ pid }) => [{ 'RSS MB': residentMb(pid) }])
    for (const server of servers) await server.stop()

    const count = (point: number) => countedIn(direction, all[point]!).toLocaleString('en')
    for (const point of [1, 2]) {
      const bench = `${count(point)} ${direction} on ${name}, beside ${count(0)}`
      const [of, first] = [seen[`point ${point}`]!, seen['point 0']!]
      for (const figure of Object.keys(first[0]!)) rows.push(compare({ bench, figure }, of, first))
      rows.push(compare({ bench, figure: 'RSS MB' }, resident[point]!, resident[0]!))
      rows.push(compare({ bench, figure: 'disk MB' }, [figures[point]!], [figures[0]!]))
    }
  }
  await sites.stop()
  return rows
}

const countedIn = (direction: string, holdings: Holdings): number =>
  holdings[direction as 'tenants' | 'sites' | 'items' | 'deliveries'] ?? Number.NaN

const sizeOf = async ({ ask }: Server, bytes: string): Promise<Figures> => ({
  'disk MB': (await ask(bytes)) / 2 ** 20,
})

/** A method answered from the database, then webhooks that are applied and brought to their sites. */
async function roundOf(server: Server, ms: number): Promise<Figures> {
  const next = inTurn(server.clients)
  const called = await load(server, { lanes: 16, ms }, () => {
    const client = next()
    return call(client, 'get_bridge_item_id', { request: client.request })
  })
  const afterwards = async (): Promise<void> => {
    await server.settled()
    const left = `SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL`
    while ((await server.ask(left)) > 0) await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const told = await load(server, { lanes: 16, ms, afterwards }, () => webhook(next()))
  return { ...cpuOf('a call', called), ...cpuOf('a webhook to its site', told) }
}

const cpuOf = (what: string, figures: Figures): Figures =>
  Object.fromEntries(
    ['CPU µs', 'with PostgreSQL, CPU µs']
      .filter((figure) => figure in figures)
      .map((figure) => [`${what}: ${figure}`, figures[figure]!]),
  )
