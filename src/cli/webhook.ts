import { Command, Option } from 'commander'
import {
  eventStates,
  type EventFilter,
  type EventState,
  type ListedEvent,
} from '../db/ports/history.ts'
import { stateOfEvent } from '../db/rules/event-state.ts'
import type { Store } from '../db/store.ts'
import { fromNow } from '../terminal/durations.ts'
import { replayAll, replaySome } from '../webhooks/relay/replay.ts'
import { pastArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { siteNamed, type Installation } from './installation.ts'
import { listenCommand } from './webhook-listen.ts'
import {
  age,
  byWhose,
  given,
  inPages,
  printPage,
  whoseIn,
  type PageOptions,
  type WhoseOptions,
} from './listing.ts'
import { time } from './print.ts'
import { wholeId } from './short-ids.ts'
import { testEndpoint } from './webhook-test.ts'
import { forTerminal, triesOf } from './webhook-tries.ts'

interface FilterOptions extends WhoseOptions {
  state?: EventState
  type?: string
  since?: number
  until?: number
  json?: boolean
}

interface SiteOptions {
  tenant: string
  json?: boolean
}

/** `bank-api webhook …` */
export function webhookCommands(context: CommandContext): Command {
  const {
    printOne,
    withInstallation,
    withProgress,
    terminal: { say, sayJson },
  } = context
  const webhook = new Command('webhook').description('the webhooks we send to sites')

  inPages(
    filtered(
      webhook.command('list'),
      stateOption(eventStates, '; forgotten: not sent, and nothing is left to send'),
    ),
  )
    .description('list the webhooks, newest first')
    .action((options: FilterOptions & PageOptions) =>
      withInstallation(async ({ store, clock }) => {
        const { limit, before } = options
        const after = before === undefined ? undefined : await found(store, before)
        const page = { limit, ...(after && { after }) }
        const events = await store.listEvents(await filterOf(store, options), page)
        const inBrief = (row: ReturnType<typeof toRow>) => ({
          age: age(Date.parse(row.at), clock.now()),
          site: row.site,
          type: row.type,
          state: row.due === null ? row.state : dueIn(Date.parse(row.due), clock.now()),
          last: row.last,
        })
        printPage(context, events.map(toRow), { id: (row) => row.webhook_id, inBrief }, options)
      }),
    )

  webhook
    .command('show')
    .description('one webhook with all its tries, and what the site answered')
    .argument('<id>', 'its webhook-id')
    .option('--json')
    .action((id: string, options: { json?: boolean }) =>
      withInstallation(async (installation) => {
        const { row, tries } = await shown(installation, id)
        if (options.json) {
          sayJson({ ...row, attempts: tries })
          return
        }
        printOne(row, options)
        for (const each of tries) {
          say()
          printOne({ ...each, response: forTerminal(each.response) }, options)
        }
      }),
    )

  filtered(webhook.command('replay'), stateOption(['pending', 'delivered', 'dead', 'kept']))
    .option('--json')
    .description('send again: one by its webhook-id, or all that the options mean')
    .argument('[id]', 'its webhook-id')
    .action((id: string | undefined, options: FilterOptions) =>
      withInstallation(async ({ store, ids, by }) => {
        const { json, ...given } = options
        const isFiltered = Object.keys(given).length > 0
        if ((id === undefined) !== isFiltered) {
          throw new CommandError('Give a webhook-id, or options that say which, as --since')
        }
        if (id !== undefined) {
          const one = await found(store, id)
          printOne({ ...(await replaySome({ store, ids }, [one.id], by)) }, { json })
          return
        }
        const filter = await filterOf(store, given)
        const replayed = await withProgress((tell) =>
          replayAll({ store, ids }, filter, by, (sofar) => tell(`put back: ${sofar.replayed}`)),
        )
        printOne({ ...replayed }, { json })
      }),
    )

  webhook
    .command('test')
    .description('send a webhook.test to a site at once, from here, and tell what came back')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--json')
    .action((name: string, options: SiteOptions) =>
      withInstallation((installation) => testEndpoint(context, installation, name, options)),
    )

  listenCommand(webhook, context)

  webhook
    .command('enable')
    .description(
      'try a disabled endpoint again, with all that waits or died since it began to fail',
    )
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--json')
    .action((name: string, options: SiteOptions) =>
      withInstallation(async ({ store, by }) => {
        const site = await siteNamed(store, { tenant: options.tenant, site: name })
        const { waiting, recovering: recovered } = await store.enableEndpoint(site.id, by)
        printOne({ site: site.name, enabled: true, waiting, recovered }, options)
      }),
    )
  return webhook
}

const stateOption = (states: readonly EventState[], more = ''): Option =>
  new Option('--state <state>', `how it stands; kept: the site had no webhook URL${more}`).choices(
    states,
  )

const filtered = (command: Command, state: Option): Command =>
  byWhose(command)
    .addOption(state)
    .option('--type <type>', 'as item.refreshed')
    .option('--since <time>', 'only what came since, as 2027-01-31 or 12h', pastArgument)
    .option('--until <time>', 'only what came before', pastArgument)

async function filterOf(store: Store, options: FilterOptions): Promise<EventFilter> {
  const { state, type, since, until } = options
  const words = given({ state, type, since, until })
  return { ...(await whoseIn(store, options)), ...words }
}

const dueIn = (due: number, now: number): string =>
  due <= now ? 'due now' : `due ${fromNow(due, now)}`

function toRow(event: ListedEvent) {
  const { id, receivedAt, tenant, site, type, delivery } = event
  const last = delivery?.tries.at(-1)
  return {
    webhook_id: id,
    at: time(receivedAt) ?? '',
    tenant,
    site,
    type,
    state: stateOfEvent(event),
    tries: delivery?.tries.length ?? 0,
    last: last?.status ?? last?.error ?? null,
    due: time(delivery?.nextTryAt ?? null),
  }
}

async function found(store: Store, id: string): Promise<ListedEvent> {
  const whole = await wholeId(store, id, 'event', 'delivery')
  const named = whole.startsWith('dlv_') ? { deliveryId: whole } : { id: whole }
  const [event] = await store.listEvents(named, { limit: 1 })
  if (!event) throw new CommandError(`There is no webhook ${id}`)
  return event
}

async function shown(installation: Installation, id: string) {
  const event = await found(installation.store, id)
  const delivery = await installation.store.findDelivery(event.id)
  return {
    row: {
      ...toRow(event),
      delivery: delivery?.id ?? null,
      settled: time(delivery?.settledAt ?? null),
    },
    tries: triesOf(installation, delivery),
  }
}
