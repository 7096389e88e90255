import { setTimeout as wait } from 'node:timers/promises'
import { systemClock } from '../../src/clock.ts'
import { createPool } from '../../src/db/postgres/open.ts'
import { createPostgresStore } from '../../src/db/postgres/store.ts'
import { askOfEach, call, inTurn, openGateway, webhook } from '../gateway.ts'
import { load, type Asked } from '../load.ts'
import { movedDatabase, openOnPostgres } from '../on-postgres.ts'
import { cpuMs, startProgram, type Running } from '../processes.ts'
import type { Client } from '../seed.ts'
import type { Bench } from '../settings.ts'
import {
  atLeast,
  atMost,
  compare,
  interleave,
  type Figures,
  type Row,
  type Side,
} from '../side-by-side.ts'
import { siteAddress } from '../sites.ts'

/** A call, on PostgreSQL and on a file. */
export const callsOnBoth: Bench = async (settings) => {
  const onServer = await openOnPostgres(settings, settings.small)
  const onFile = await openGateway(settings, settings.small)
  const methods: Readonly<Record<string, (client: Client) => Asked>> = {
    get_bridge_item_id: (one) => call(one, 'get_bridge_item_id', { request: one.request }),
    get_bank_accounts: (one) => call(one, 'get_bank_accounts', { item_id: one.itemId }),
  }
  const rows: Row[] = []
  for (const [method, ask] of Object.entries(methods)) {
    const loaded = (gateway: Running & { clients: readonly Client[] }): Side => {
      const next = inTurn(gateway.clients)
      return () => load(gateway, { lanes: 16, ms: settings.roundMs }, () => ask(next()))
    }
    for (const gateway of [onServer, onFile]) await askOfEach(gateway, ask)
    const sides = { ours: loaded(onServer), beside: loaded(onFile) }
    const seen = await interleave(sides, { rounds: settings.rounds, warmUps: 2 })
    rows.push(...both(`${method}, on PostgreSQL`, seen))
  }
  for (const program of [onServer, onFile]) await program.stop()
  return rows
}

/** A webhook stored with its delivery, and applied. */
export const webhooksOnBoth: Bench = async (settings) => {
  const webhookUrl = (site: number) => siteAddress(site, 9)
  const holdings = { ...settings.small, webhookUrl, holdEndpoints: true }
  const onServer = await openOnPostgres(settings, holdings)
  const onFile = await openGateway(settings, holdings)
  const [ofServer, ofFile] = [inTurn(onServer.clients), inTurn(onFile.clients)]
  const how = { lanes: 64, ms: settings.roundMs }
  const seen = await interleave(
    {
      ours: () =>
        load(onServer, { ...how, afterwards: onServer.settled }, () => webhook(ofServer())),
      beside: () => load(onFile, { ...how, afterwards: onFile.settled }, () => webhook(ofFile())),
    },
    { rounds: settings.rounds, warmUps: 2 },
  )
  for (const program of [onServer, onFile]) await program.stop()
  return both('webhook accepted, on PostgreSQL', seen)
}

const both = (bench: string, { ours, beside }: Record<'ours' | 'beside', Figures[]>): Row[] => {
  const figures = ['CPU µs', 'with PostgreSQL, CPU µs', 'requests/s', 'p50 ms', 'p99 ms']
  // A file's server has no process beside it.
  const alone = beside.map((one) => ({ ...one, 'with PostgreSQL, CPU µs': one['CPU µs']! }))
  return figures.map((figure) => compare({ bench, figure, ...ofServer(figure) }, ours, alone))
}

/** The server's own processor time is what a moved installation pays per request. */
const ofServer = (figure: string) => (figure === 'CPU µs' ? { aim: atMost(1.6) } : {})

/** What an outage left behind, brought to its sites. */
export const drainOnBoth: Bench = async (settings) => {
  const { due, endpoints } = settings.drain
  const sites = await startProgram('sites')
  const port = Number(new URL(sites.url).port)
  const taken = async (): Promise<number> => Number(await (await fetch(sites.url)).text())
  const holdings = {
    ...settings.small,
    sites: Math.max(endpoints, settings.small.sites),
    due,
    dueSites: endpoints,
    webhookUrl: (site: number) => siteAddress(site, port),
  }
  const left = `SELECT count(*) FROM deliveries WHERE state = 'pending' AND due_at IS NOT NULL`
  // Due once the server is up, so that its start is not counted.
  const later = () =>
    `UPDATE deliveries SET due_at = ${systemClock.now() + 6_000} WHERE state = 'pending'`
  const drained = async (
    gateway: Running & { ask(query: string): number | Promise<number> },
  ): Promise<Figures> => {
    const before = await taken()
    await wait(1_500)
    const used = () => cpuMs(gateway.pid)
    const withDatabase = () => used() + (gateway.databaseMs?.() ?? 0)
    const [cpuBefore, bothBefore] = [used(), withDatabase()]
    while ((await taken()) === before) await wait(5)
    const start = performance.now()
    while ((await gateway.ask(left)) > 0) await wait(50)
    const seconds = (performance.now() - start) / 1_000
    const [cpu, ofBoth] = [used() - cpuBefore, withDatabase() - bothBefore]
    if ((await taken()) - before !== due) throw new Error('Not every delivery arrived once')
    await gateway.stop()
    return {
      'CPU µs': (cpu * 1_000) / due,
      'with PostgreSQL, CPU µs': (ofBoth * 1_000) / due,
      'deliveries/s': due / seconds,
    }
  }
  const seen = await interleave(
    {
      ours: async () => drained(await openOnPostgres(settings, holdings, { prepare: later })),
      beside: async () =>
        drained(
          await openGateway(settings, holdings, {
            prepare: (client) => void client.prepare(later()).run(),
          }),
        ),
    },
    { rounds: settings.rounds, warmUps: 0 },
  )
  await sites.stop()
  const bench = `drain of ${due.toLocaleString('en')}, on PostgreSQL`
  return ['CPU µs', 'with PostgreSQL, CPU µs', 'deliveries/s'].map((figure) =>
    compare({ bench, figure, ...ofServer(figure) }, seen.ours, seen.beside),
  )
}

/** Deliveries claimed and settled, nothing sent, by several who share a database; beside one alone. */
export const claimers: Bench = async (settings) => {
  const { due, endpoints } = settings.drain
  const webhookUrl = (site: number) => siteAddress(site, 9)
  const { url, databaseMs } = await movedDatabase(settings, {
    ...settings.small,
    sites: Math.max(endpoints, settings.small.sites),
    due: Math.ceil(due / 5),
    dueSites: endpoints,
    webhookUrl,
  })
  const counts = [1, 2, 4, 8]
  const sides = Object.fromEntries(
    counts.map((count) => [String(count), () => claimed({ url, databaseMs }, count)]),
  )
  const seen = await interleave(sides, { rounds: settings.rounds, warmUps: 1 })
  const bench = (count: number) => `deliveries claimed and settled by ${count}, beside one`
  return counts
    .slice(1)
    .flatMap((count) =>
      ['deliveries/s', 'PostgreSQL, CPU µs'].map((figure) =>
        compare(
          { bench: bench(count), figure, ...(figure === 'deliveries/s' && { aim: atLeast(1) }) },
          seen[count]!,
          seen['1']!,
        ),
      ),
    )
}

async function claimed(
  { url, databaseMs }: { url: string; databaseMs: () => number },
  count: number,
): Promise<Figures> {
  const pool = createPool({ url, poolSize: 1 })
  await pool.query('DELETE FROM attempts')
  const { rowCount: due } = await pool.query(
    `UPDATE deliveries SET state = 'pending', due_at = 1, claimed_until = NULL, claimed_by = NULL,
       first_ended_at = NULL, settled_at = NULL`,
  )
  await pool.query('VACUUM ANALYZE deliveries')
  await pool.end()
  const stores = Array.from({ length: count }, () =>
    createPostgresStore(createPool({ url, poolSize: 10, waitMs: 0 })),
  )
  const before = databaseMs()
  const start = performance.now()
  const progress = { left: due! }
  const work = async (store: (typeof stores)[number], nth: number): Promise<void> => {
    while (progress.left > 0) {
      const at = systemClock.now()
      const claim = { by: `srv_${nth}`, at, leaseUntil: at + 60_000, limit: 256 }
      const batch = await store.claimDeliveries(claim)
      if (batch.length === 0) await wait(5)
      await Promise.all(
        batch.map(async ({ id, attempt, site: { webhookUrl } }) => {
          const tried = { startedAt: at, durationMs: 1, status: 200, error: null, response: null }
          const endpoint = { webhookUrl, status: 200 }
          const outcome = { kind: 'delivered' } as const
          await store.settleDelivery({ id, attempt, at, outcome, try: tried, endpoint })
          progress.left -= 1
        }),
      )
    }
  }
  await Promise.all(stores.map(work))
  const seconds = (performance.now() - start) / 1_000
  const cpu = databaseMs() - before
  await Promise.all(stores.map((store) => store.close()))
  return { 'deliveries/s': due! / seconds, 'PostgreSQL, CPU µs': (cpu * 1_000) / due! }
}
