import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { Command, Option } from 'commander'
import { stopPostgres } from './on-postgres.ts'
import { profileServers, startProgram, stopAll } from './processes.ts'
import { webhookAccepted, webhookAcceptedSlowDisk } from './rows/inbox.ts'
import { acceptedToDelivered, deliveredUnderLoad } from './rows/delivered.ts'
import { drain } from './rows/drain.ts'
import { callsOnBoth, claimers, drainOnBoth, webhooksOnBoth } from './rows/engines.ts'
import { equalCallers } from './rows/equal-callers.ts'
import { growth, growthOnPostgres } from './rows/growth.ts'
import { healthyAmongBad } from './rows/isolation.ts'
import { move } from './rows/move.ts'
import { recovery, upgrade } from './rows/pauses.ts'
import { dutiesOfACall, rpcFromMemory, rpcFromTheDatabase, rpcThatReadsBridge } from './rows/rpc.ts'
import { soak, soakOnPostgres } from './rows/soak.ts'
import { startAndIdle } from './rows/start.ts'
import { tenThousandTransactions } from './rows/transactions.ts'
import type { Bench, Settings } from './settings.ts'
import { toTable, type Row } from './side-by-side.ts'

const benches: Readonly<Record<string, Bench>> = {
  'rpc-bridge': rpcThatReadsBridge,
  'rpc-database': rpcFromTheDatabase,
  'rpc-memory': rpcFromMemory,
  'rpc-duties': dutiesOfACall,
  transactions: tenThousandTransactions,
  'equal-callers': equalCallers,
  webhook: webhookAccepted,
  'webhook-slow-disk': webhookAcceptedSlowDisk,
  delivered: acceptedToDelivered,
  'delivered-loaded': deliveredUnderLoad,
  isolation: healthyAmongBad,
  drain,
  start: startAndIdle,
  upgrade,
  recovery,
  move,
  growth,
  soak,
}

/** Those that compare the two engines. */
const onPostgres: Readonly<Record<string, Bench>> = {
  'postgres-calls': callsOnBoth,
  'postgres-webhook': webhooksOnBoth,
  'postgres-drain': drainOnBoth,
  'postgres-claimers': claimers,
  'postgres-growth': growthOnPostgres,
  'postgres-soak': soakOnPostgres,
}
const all = { ...benches, ...onPostgres }

interface Options {
  only?: string[]
  engine: 'sqlite' | 'postgres'
  rounds: number
  seconds: number
  scale: number
  soak: number
  smoke?: boolean
  profile?: string
  json?: string
}

const whole = (text: string): number => Number.parseInt(text, 10)
const options = new Command('npm run bench --')
  .description(
    'Measures the server, built as the image runs it, beside the least that does the same.',
  )
  .addOption(new Option('--only <names...>', 'these benches alone').choices(Object.keys(all)))
  .addOption(
    new Option('--engine <name>', 'postgres: it, beside a file, instead of all that runs on a file')
      .choices(['sqlite', 'postgres'])
      .default('sqlite'),
  )
  .option('--rounds <count>', 'how often each side takes its turn', whole, 5)
  .option('--seconds <count>', 'how long a round of load lasts', Number, 2)
  .option(
    '--scale <factor>',
    'so many times 10,000 sites, 100,000 items and 500,000 deliveries',
    whole,
    1,
  )
  .option('--soak <minutes>', 'how long the load lasts', whole, 30)
  .option('--smoke', 'one short round of everything, to see that it runs: its figures mean nothing')
  .option('--profile <folder>', "keeps a CPU profile of each server's life there")
  .option('--json <file>', 'where the figures go (default: a file of the day in bench/results)')
  .parse()
  .opts<Options>()

const { smoke = false, scale, profile } = options
if (profile !== undefined) profileServers(profile)
const folder = mkdtempSync(join(tmpdir(), 'bank-api-bench-'))
const bridge = await startProgram('bridge')
const settings: Settings = {
  folder,
  bridge: bridge.url,
  rounds: smoke ? 1 : options.rounds,
  roundMs: smoke ? 200 : options.seconds * 1_000,
  small: { sites: 256, items: 256, deliveries: 0 },
  kept: smoke
    ? { sites: 300, items: 600, deliveries: 1_000 }
    : { sites: 10_000 * scale, items: 100_000 * scale, deliveries: 500_000 * scale },
  drain: smoke ? { due: 300, endpoints: 100 } : { due: 50_000, endpoints: 1_000 },
  soakMinutes: smoke ? 2 : options.soak,
}

const rows: Row[] = []
try {
  const names = Object.keys(options.engine === 'postgres' ? onPostgres : benches)
  for (const name of options.only ?? names) {
    process.stderr.write(`${name} …\n`)
    const found = await all[name as keyof typeof all]!(settings)
    rows.push(...found)
    process.stderr.write(`${toTable(found)}\n\n`)
  }
} finally {
  await stopAll()
  await stopPostgres()
  rmSync(folder, { recursive: true, force: true })
}
const at = new Date().toISOString()
const machine = {
  node: process.version,
  processor: cpus()[0]?.model,
  cores: availableParallelism(),
  memoryGb: Math.round(totalmem() / 2 ** 30),
}
const { folder: _folder, bridge: _bridge, ...how } = settings
const { engine, json = `bench/results/${at.slice(0, 10)}-${engine}.json` } = options
mkdirSync(dirname(json), { recursive: true })
writeFileSync(
  json,
  `${JSON.stringify({ at, engine, machine, settings: how, rows }, undefined, 2)}\n`,
)
process.stdout.write(`${toTable(rows)}\n`)
