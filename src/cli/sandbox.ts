import { Command, Option } from 'commander'
import { hasLivingServer } from '../cluster/liveness.ts'
import type { Connection } from '../db/ports/items.ts'
import { command } from '../terminal/shell.ts'
import { wrapped } from '../terminal/width.ts'
import { durationArgument, itemArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { servedAt, siteNamed, type Installation } from './installation.ts'
import { byWhose, whoseIn, type WhoseOptions } from './listing.ts'
import { time } from './print.ts'
import { createSandboxBank, type SandboxBank } from './box/bank.ts'
import { listenTo, openStage, type Heard } from './box/stage.ts'
import { triggers, type TriggerOptions } from './box/triggers.ts'

/** A connection of the demo's site is made, and nothing must be there before. */
const connecting = 'connect.completed'
const all = {
  [connecting]: { about: 'the demo site connects a bank', next: 'read get_bank_accounts' },
  ...triggers,
}
const demo = { tenant: 'demo', site: 'demo' }

interface Options extends WhoseOptions, TriggerOptions {
  item?: number
  json?: boolean
}

/** `bank-api sandbox …` */
export function sandboxCommands(context: CommandContext): Command {
  const {
    printOne,
    printTable,
    withBridge,
    withInstallation,
    terminal: { say },
  } = context
  const sandbox = new Command('sandbox').description('act on the built-in sandbox')

  byWhose(sandbox.command('trigger'))
    .description('make one thing happen, and wait until the site is told; without a name: the list')
    .argument('[event]', 'the event that comes of it')
    .option('--item <id>', "of this connection; else the site's newest, else demo's", itemArgument)
    .addOption(
      new Option('--status <status>', 'of item.action_required')
        .choices(['1010', '402', '429'])
        .default('1010'),
    )
    .addOption(
      new Option('--days <days>', 'of consent.expiring')
        .choices(['30', '14', '7', '3', '1'])
        .default('7'),
    )
    .option('--json')
    .action(async (name: string | undefined, options: Options) => {
      if (name === undefined) {
        const rows = Object.entries(all).map(([event, { about }]) => ({ event, about }))
        return printTable(rows, options)
      }
      if (!Object.hasOwn(all, name)) throw new CommandError(unknown(name), { exitCode: 2 })
      if (name === connecting && !isOfDemo(options))
        throw new CommandError(demoAlone, { exitCode: 2 })
      return withBridge(async ({ bridge, ...installation }) => {
        const { bank, publicUrl } = await bankOf(installation)
        try {
          const heard =
            name === connecting
              ? await connectDemo(installation, bank, publicUrl)
              : await play(name, options)
          tell(context, heard, options)
        } finally {
          await bank.close()
        }

        async function play(trigger: string, options: Options): Promise<Heard> {
          const connection = await chosen(installation, options, () =>
            connectDemo(installation, bank, publicUrl),
          )
          const stage = await openStage(installation, { bank, bridge }, connection)
          return triggers[trigger]!.run(stage, options)
        }
      })
    })

  sandbox
    .command('advance')
    .description("move the sandbox's clock and the server's, which never go back")
    .argument('<time>', 'as 90m, 12h or 170d', durationArgument)
    .option('--by <time>', 'in steps of this, so that banks are read in each', durationArgument)
    .option('--json')
    .action((ms: number, options: { by?: number; json?: boolean }) =>
      withInstallation(async (installation) => {
        const { bank } = await bankOf(installation)
        try {
          const before = await bank.now()
          let refreshed = 0
          for (let left = ms; left > 0; left -= options.by ?? ms) {
            const step = await bank.advance(Math.min(left, options.by ?? ms))
            refreshed += step.refreshed
            await bank.flush()
          }
          const now = await bank.now()
          printOne({ was: time(before), now: time(now), refreshed }, options)
          if (!options.json) say('', ...wrapped(whatMoved, 78))
        } finally {
          await bank.close()
        }
      }),
    )
  return sandbox
}

/** The bank of the server that runs on this database. Throws a CommandError where there is none in the box. */
async function bankOf(installation: Installation) {
  const { config } = installation
  if (config.sandbox === undefined) {
    throw new CommandError(
      `This is for the sandbox in the box, and Bridge is ${config.bridgeBaseUrl} here: nothing was done.`,
    )
  }
  if (!(await hasLivingServer(installation))) {
    throw new CommandError('No server has this database open: start it first.')
  }
  const { bridgeOrigin, publicUrl } = await servedAt(installation)
  return { bank: createSandboxBank(bridgeOrigin), publicUrl }
}

/** The demo site connects a bank as its start page does. */
async function connectDemo(
  installation: Installation,
  bank: SandboxBank,
  publicUrl: string,
): Promise<Heard> {
  const hear = await listenTo(installation, await siteNamed(installation.store, demo))
  return hear(connecting, await bank.connectDemo(publicUrl))
}

/** The connection that is meant; where the demo has none yet, one is made. */
async function chosen(
  { store }: Installation,
  options: Options,
  connectDemo: () => Promise<Heard>,
): Promise<Connection> {
  if (options.item !== undefined) {
    const [held] = await store.listConnections({ id: options.item, withGone: true })
    if (!held) throw new CommandError(`Item ${options.item} is held by nobody here`)
    return held
  }
  const isDemo = options.tenant === undefined && options.site === undefined
  const whose = await whoseIn(store, isDemo ? demo : options)
  const newest = await newestOf()
  if (newest) return newest
  if (isDemo) await connectDemo()
  const made = await newestOf()
  if (made) return made
  throw new CommandError(
    'This site has no connection yet: ask for a link as the site does, and open it. Log in as `success`, or with any word that is not listed.',
  )

  async function newestOf(): Promise<Connection | undefined> {
    const connections = await store.listConnections(whose)
    return connections.toSorted((a, b) => b.item.createdAt - a.item.createdAt)[0]
  }
}

function tell(
  { printOne, terminal: { say, sayJson } }: CommandContext,
  { id, type, site, content }: Heard,
  { json }: Options,
): void {
  const { next } = all[type as keyof typeof all]
  if (json) return sayJson({ event: type, webhook_id: id, site, content, next })
  const { renew_url: link, ...rest } = content
  const shown = Object.entries(rest).filter(([, value]) => typeof value !== 'object')
  printOne({ event: type, webhook_id: id, site, ...Object.fromEntries(shown) }, {})
  if (typeof link === 'string') say('', link)
  say('', ...wrapped(`A site would now ${next}.`, 78), '', command`webhook show ${id}`)
}

/** Only the demo's site connects a bank by itself, and no connection is there yet that `--item` could mean. */
const isOfDemo = ({ tenant = demo.tenant, site = demo.site, item }: Options): boolean =>
  tenant === demo.tenant && site === demo.site && item === undefined

const demoAlone = `${connecting} is made for the demo site alone: for another, ask for a link as the site does, and open it.`

const unknown = (name: string): string[] => [
  `There is no trigger ${name}. There are:`,
  ...Object.keys(all).map((event) => `  ${event}`),
]

const whatMoved =
  "The sandbox's clock and the server's were moved, for good. This machine's was not: commands and logs go by it."
