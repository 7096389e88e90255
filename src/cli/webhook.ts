import { Command, InvalidArgumentError, Option } from 'commander'
import type { DeliveryFilter, DeliveryReport } from '../db/ports/deliveries.ts'
import type { Store } from '../db/store.ts'
import { replayAll, replaySome } from '../webhooks/relay/replay.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { siteNamed, tenantNamed, type Installation } from './installation.ts'
import { time } from './print.ts'
import { testEndpoint } from './webhook-test.ts'
import { forTerminal, triesOf } from './webhook-tries.ts'

interface FilterOptions {
  tenant?: string
  site?: string
  state?: NonNullable<DeliveryFilter['state']>
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
    printTable,
    withInstallation,
    terminal: { say, sayJson },
  } = context
  const webhook = new Command('webhook').description('the webhooks we send to sites')

  filtered(webhook.command('list'))
    .description('newest first')
    .option('--limit <number>', 'how many at most', countArgument, 50)
    .action((options: FilterOptions & { limit: number }) =>
      withInstallation(async ({ store }) => {
        const filter = await filterOf(store, options)
        const page = { first: 'newest' as const, limit: options.limit }
        printTable((await store.listDeliveries(filter, page)).map(toRow), options)
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

  filtered(webhook.command('replay'))
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
          printOne({ ...(await replaySome({ store, ids }, [one.eventId], by)) }, { json })
          return
        }
        const filter = await filterOf(store, given)
        printOne({ ...(await replayAll({ store, ids }, filter, by)) }, { json })
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

  webhook
    .command('enable')
    .description('try a disabled endpoint again, and all that died since it began to fail')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--json')
    .action((name: string, options: SiteOptions) =>
      withInstallation(async ({ store, by }) => {
        const site = await siteNamed(store, { tenant: options.tenant, site: name })
        const { recovering: recovered } = await store.enableEndpoint(site.id, by)
        printOne({ site: site.name, enabled: true, recovered }, options)
      }),
    )
  return webhook
}

const filtered = (command: Command): Command =>
  command
    .option('--tenant <name>', "of this tenant's sites")
    .option('--site <name>', 'of this site; give its tenant too')
    .addOption(
      new Option('--state <state>', 'how it stands; kept: the site had no webhook URL').choices([
        'pending',
        'delivered',
        'dead',
        'kept',
      ]),
    )
    .option('--type <type>', 'as item.refreshed')
    .option('--since <time>', 'that came from then on, as 2027-01-31T18:00Z', timeArgument)
    .option('--until <time>', 'that came before', timeArgument)
    .option('--json')

async function filterOf(store: Store, options: FilterOptions): Promise<DeliveryFilter> {
  const { tenant, site, state, type, since, until } = options
  if (site !== undefined && tenant === undefined) throw new CommandError('--site needs --tenant')
  return {
    ...(tenant !== undefined && { tenantId: (await tenantNamed(store, tenant)).id }),
    ...(tenant !== undefined &&
      site !== undefined && { siteId: (await siteNamed(store, { tenant, site })).id }),
    ...(state !== undefined && { state }),
    ...(type !== undefined && { type }),
    ...(since !== undefined && { since }),
    ...(until !== undefined && { until }),
  }
}

const toRow = (report: DeliveryReport) => ({
  webhook_id: report.eventId,
  at: time(report.receivedAt),
  tenant: report.tenant,
  site: report.site,
  type: report.type,
  state: report.state,
  tries: report.tries,
  last: report.lastStatus ?? report.lastError,
  due: time(report.dueAt),
})

async function found(store: Store, id: string) {
  const report = await store.findDeliveryReport(id)
  if (!report) throw new CommandError(`There is no webhook ${id}`)
  return report
}

async function shown(installation: Installation, id: string) {
  const report = await found(installation.store, id)
  return {
    row: { ...toRow(report), delivery: report.deliveryId, settled: time(report.settledAt) },
    tries: triesOf(installation, report),
  }
}

function timeArgument(text: string): number {
  const at = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) throw new InvalidArgumentError('a time such as 2027-01-31T18:00Z.')
  return at
}

function countArgument(text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1) throw new InvalidArgumentError('a number from 1.')
  return count
}
