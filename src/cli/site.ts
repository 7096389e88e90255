import { isIP } from 'node:net'
import { Command, InvalidArgumentError, Option } from 'commander'
import { readWebhookSecret, rotateWebhookSecret } from '../vault/webhook-secret.ts'
import { movedWebhookUrl, plainHttpIn, readOrigin, readTimeZone } from '../connect/site-urls.ts'
import { reminderWays, type ReminderWay } from '../db/ports/reminder-ways.ts'
import type { Site } from '../db/ports/sites.ts'
import { whyRefused } from '../webhooks/relay/operators-target.ts'
import { isNever } from '../webhooks/relay/target-guard.ts'
import { isSameName } from '../names.ts'
import { bare, isRange, isRangeWithin } from '../networks.ts'
import { command } from '../terminal/shell.ts'
import { addressArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import { earlierSecretInWords } from './earlier-secret.ts'
import type { CommandContext } from './context.ts'
import { siteNamed, tenantNamed, type Installation } from './installation.ts'
import { portalLinkCommand } from './portal-link.ts'
import { inNamedPages, printNamedPage, type NamedPageOptions } from './named-pages.ts'
import { time } from './print.ts'
import { deleting, removeAndPrint, type RemovalOptions } from './delete.ts'

interface UpdateOptions {
  tenant: string
  origin?: string
  allowOrigin?: string[] | false
  webhookUrl?: string | false
  timeZone?: string
  remindBy?: ReminderWay
  json?: boolean
}

/** `bank-api site …` */
export function siteCommands(context: CommandContext): Command {
  const { printOne, withBridge, withInstallation } = context
  const site = new Command('site').description(
    "the ERP sites of a tenant; a site's first key makes it: `key create --site`, or `apply`",
  )

  inNamedPages(site.command('list').description('list the sites of a tenant, by name'), 'site')
    .requiredOption('--tenant <name>', 'whose sites')
    .action((options: NamedPageOptions & { tenant: string }) =>
      withInstallation(async ({ store }) => {
        const tenant = await tenantNamed(store, options.tenant)
        const sites = await store.listSites({ tenantId: tenant.id, siteId: null })
        const inBrief = ({ site: name, origin, webhook_url }: ReturnType<typeof toRow>) => ({
          site: name,
          origin,
          webhook_url,
        })
        printNamedPage(context, sites.map(toRow), { name: (row) => row.site, inBrief }, options)
      }),
    )

  site
    .command('show')
    .description('show one site, and how its webhook endpoint fares')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--json')
    .action((name: string, options: { tenant: string; json?: boolean }) =>
      withInstallation(async ({ store }) => {
        const site = await siteNamed(store, { tenant: options.tenant, site: name })
        const endpoint = await store.readEndpoint(site.id)
        const row = {
          ...toRow(site),
          allowed_targets: endpoint.allowedTargets,
          webhooks_failing_since: time(endpoint.failingSince),
          webhooks_disabled: endpoint.disabledReason,
        }
        printOne(row, options)
      }),
    )

  site
    .command('update')
    .description('change what the first link call pinned, or what it cannot know')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--origin <address>', 'the site moved, as https://erp.example', originArgument)
    .option(
      '--allow-origin <address...>',
      'further origins for redirects and webhooks; they replace those of before',
      moreOrigins,
    )
    .option('--no-allow-origin', 'no further origins any more')
    .option(
      '--webhook-url <address>',
      'where its webhooks go',
      (text) => addressArgument(text).href,
    )
    .option('--no-webhook-url', 'it gets no webhooks any more, until it names where')
    .option('--time-zone <zone>', 'as Europe/Paris', zoneArgument)
    .addOption(
      new Option(
        '--remind-by <way>',
        'how its users hear of a consent that ends: mail is besides the webhook',
      ).choices(reminderWays),
    )
    .option('--json')
    .action((name: string, options: UpdateOptions) =>
      withInstallation(async (installation) => {
        const { store, config, by } = installation
        const site = await siteNamed(store, { tenant: options.tenant, site: name })
        const { origin, allowOrigin, timeZone, remindBy } = options
        const addresses = {
          ...(origin !== undefined && { origin }),
          ...(allowOrigin !== undefined && { allowedOrigins: allowOrigin || [] }),
        }
        const plain = plainHttpIn(addresses, config)
        if (plain !== undefined) throw new CommandError(`${plain} must be an https address`)
        const webhookUrl =
          options.webhookUrl === false ? null : (options.webhookUrl ?? followed(site, addresses))
        if (webhookUrl) {
          await refuseTarget(installation, site, { webhookUrl, tenant: options.tenant })
        }
        const change = {
          ...addresses,
          ...(webhookUrl !== undefined && { webhookUrl }),
          ...(timeZone !== undefined && { timeZone }),
          ...(remindBy !== undefined && { remindBy }),
        }
        if (Object.keys(change).length === 0) throw new CommandError('Nothing to change was given')
        const changed = await store.updateSite(site.id, change, by)
        printOne(toRow(changed), options)
      }),
    )

  site
    .command('secret')
    .description('show what its webhooks are signed with')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--json')
    .action((name: string, options: { tenant: string; json?: boolean }) =>
      withInstallation(async ({ store, keyring }) => {
        const { id } = await siteNamed(store, { tenant: options.tenant, site: name })
        printOne({ secret: await readWebhookSecret({ store, keyring }, id) }, options)
      }),
    )

  site
    .command('rotate-secret')
    .description('a new secret signs at once, the old one beside it for 24 hours')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--force', 'though an earlier secret is still good, which ends at once')
    .option('--json')
    .action((name: string, options: { tenant: string; force?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, keyring, by }) => {
        const { id } = await siteNamed(store, { tenant: options.tenant, site: name })
        const rotated = await rotateWebhookSecret({ store, keyring }, id, by, options).catch(
          earlierSecretInWords,
        )
        printOne(
          {
            secret: rotated.secret,
            previous_until: time(rotated.previousUntil),
            ...(rotated.hasEndedEarlier && { earlier_secret: 'ended at once' }),
          },
          options,
        )
      }),
    )

  site
    .command('allow-target')
    .description('say which private ranges its webhooks may go to, within ALLOWED_TARGETS')
    .argument('<site>')
    .argument('[range...]', 'as 10.1.2.0/24; they replace those of before')
    .requiredOption('--tenant <name>', 'whose site')
    .option('--none', 'close them all again')
    .option('--json')
    .action(
      (
        name: string,
        ranges: string[],
        options: { tenant: string; none?: boolean; json?: boolean },
      ) =>
        withInstallation(async ({ store, config, by }) => {
          if ((ranges.length === 0) !== (options.none === true)) {
            throw new CommandError('Give the ranges, or --none')
          }
          for (const range of ranges) refuseRange(range, config.allowedTargets)
          const site = await siteNamed(store, { tenant: options.tenant, site: name })
          await store.allowTargets(site.id, ranges, by)
          printOne({ site: site.name, allowed_targets: ranges }, options)
        }),
    )

  portalLinkCommand(site, context)

  deleting(site.command('delete'))
    .description('delete it at Bridge and here; run again, it goes on where it was cut off')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site')
    .action((name: string, options: RemovalOptions & { tenant: string }) =>
      withBridge(async (installation) => {
        const { store } = installation
        const { id: tenantId } = await tenantNamed(store, options.tenant)
        const isExact = (await store.findSite({ tenantId, siteId: null }, name))?.name === name
        // From its first step on the site is hidden: then only the deletion still knows it.
        const begun = (await store.listOpenRemovals()).find(
          (one) => one.kind === 'site' && one.tenantId === tenantId && isSameName(one.name, name),
        )
        const subject =
          begun && !isExact
            ? { subjectId: begun.subjectId, name: begun.name }
            : toSubject(await siteNamed(store, { tenant: options.tenant, site: name }))
        await removeAndPrint(context, installation, { kind: 'site', tenantId, ...subject }, options)
      }),
    )
  return site
}

/** Where webhooks go after a move, when that is elsewhere: a former address may be anybody's by now. */
function followed(
  site: Site,
  change: Partial<Pick<Site, 'origin' | 'allowedOrigins'>>,
): string | undefined {
  const url = movedWebhookUrl(site, { ...site, ...change })
  if (url === undefined) {
    throw new CommandError(
      `Its webhooks go to ${site.webhookUrl}, which is none of its addresses any more: give --webhook-url too, or --no-webhook-url`,
    )
  }
  return url === null || url === site.webhookUrl ? undefined : url
}

const toSubject = ({ id: subjectId, name }: Site) => ({ subjectId, name })

const toRow = (site: Site) => ({
  site: site.name,
  origin: site.origin,
  allowed_origins: site.allowedOrigins,
  webhook_url: site.webhookUrl,
  time_zone: site.timeZone,
  remind_by: site.remindBy,
})

/** Refuses what a link call would refuse, and notes it as that does. */
async function refuseTarget(
  { store, config, by }: Installation,
  site: Site,
  { webhookUrl, tenant }: { webhookUrl: string; tenant: string },
): Promise<void> {
  const { allowedTargets } = await store.readEndpoint(site.id)
  const why = await whyRefused(webhookUrl, allowedTargets, config)
  if (why === undefined) return
  const { tenantId, name: subject } = site
  const host = bare(new URL(webhookUrl).hostname)
  await store.audit({ ...by, tenantId, action: 'target.refused', subject, detail: { host } })
  // An http address, or our own, stays refused whatever range is opened.
  const opened = { ...config, allowedTargets: everything }
  const isOpenable = (await whyRefused(webhookUrl, everything, opened)) === undefined
  throw new CommandError([why, ...(isOpenable ? howOpened(host, site, tenant) : [])])
}

const everything = ['0.0.0.0/0', '::/0']

/** How a private network is opened. */
function howOpened(host: string, site: Site, tenant: string): string[] {
  const range = isIP(host) === 0 ? 'RANGE' : `${host}/${isIP(host) === 4 ? 32 : 128}`
  return [
    'If it is of your own network, ALLOWED_TARGETS must name its range; then open it to the site:',
    command`site allow-target ${site.name} ${range} --tenant ${tenant}`,
  ]
}

function refuseRange(range: string, bounds: readonly string[]): void {
  if (!isRange(range)) throw new CommandError(`${range} is no range such as 10.1.2.0/24`)
  if (isNever(range)) throw new CommandError(`${range} is never opened`)
  if (!bounds.some((bound) => isRangeWithin(range, bound))) {
    throw new CommandError(`${range} is not within ALLOWED_TARGETS`)
  }
}

function originArgument(text: string): string {
  const origin = readOrigin(text)
  if (origin !== undefined) return origin
  throw new InvalidArgumentError('Give an http or https address without credentials or path.')
}

const moreOrigins = (text: string, before: readonly string[] | false = []): string[] => [
  ...(before || []),
  originArgument(text),
]

function zoneArgument(text: string): string {
  const zone = readTimeZone(text)
  if (zone === undefined) throw new InvalidArgumentError('Give a time zone such as Europe/Paris.')
  return zone
}
