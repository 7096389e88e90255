import { Command, InvalidArgumentError } from 'commander'
import type { Site } from '../db/store.ts'
import { CommandError } from './command-error.ts'
import { siteNamed, tenantNamed, withBridge, withInstallation } from './installation.ts'
import { nameArgument } from './names.ts'
import { printOne, printTable } from './print.ts'
import { removeAndPrint, type RemovalOptions } from './removing.ts'

interface UpdateOptions {
  tenant: string
  origin?: string
  allowOrigin?: string[]
  webhookUrl?: string
  timeZone?: string
  json?: boolean
}

/** `bank-api site …` */
export function siteCommands(): Command {
  const site = new Command('site').description('the ERP sites of a tenant')

  site
    .command('list')
    .requiredOption('--tenant <name>', 'whose sites', nameArgument)
    .option('--json')
    .action((options: { tenant: string; json?: boolean }) =>
      withInstallation(async ({ store }) => {
        const tenant = await tenantNamed(store, options.tenant)
        const sites = await store.listSites({ tenantId: tenant.id, siteId: null })
        printTable(sites.map(toRow), options)
      }),
    )

  site
    .command('show')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site', nameArgument)
    .option('--json')
    .action((name: string, options: { tenant: string; json?: boolean }) =>
      withInstallation(async ({ store }) => {
        printOne(toRow(await siteNamed(store, { tenant: options.tenant, site: name })), options)
      }),
    )

  site
    .command('update')
    .description('change what the first link call pinned, or what it cannot know')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site', nameArgument)
    .option('--origin <address>', 'the site moved, as https://erp.example', originArgument)
    .option(
      '--allow-origin <address...>',
      'further origins for redirects and webhooks',
      moreOrigins,
    )
    .option('--webhook-url <address>', 'where its webhooks go', addressArgument)
    .option('--time-zone <zone>', 'as Europe/Paris', zoneArgument)
    .option('--json')
    .action((name: string, options: UpdateOptions) =>
      withInstallation(async ({ store, by }) => {
        const { id } = await siteNamed(store, { tenant: options.tenant, site: name })
        const { origin, allowOrigin, webhookUrl, timeZone } = options
        const change = {
          ...(origin !== undefined && { origin }),
          ...(allowOrigin !== undefined && { allowedOrigins: allowOrigin }),
          ...(webhookUrl !== undefined && { webhookUrl }),
          ...(timeZone !== undefined && { timeZone }),
        }
        if (Object.keys(change).length === 0) throw new CommandError('Nothing to change was given')
        const changed = await store.updateSite(id, change, by)
        printOne(toRow(changed), options)
      }),
    )

  site
    .command('delete')
    .description('delete it at Bridge and here; run again, it goes on where it was cut off')
    .argument('<site>')
    .requiredOption('--tenant <name>', 'whose site', nameArgument)
    .option('--bridge-users', 'delete its users at Bridge too')
    .option('--json')
    .action((name: string, options: RemovalOptions & { tenant: string }) =>
      withBridge(async (installation) => {
        const { store } = installation
        const { id: tenantId } = await tenantNamed(store, options.tenant)
        // From its first step on the site is hidden: then only the deletion still knows it.
        const open = (await store.listOpenRemovals()).find(
          (one) => one.kind === 'site' && one.tenantId === tenantId && one.name === name,
        )
        const subjectId =
          open?.subjectId ?? (await siteNamed(store, { tenant: options.tenant, site: name })).id
        await removeAndPrint(installation, { kind: 'site', tenantId, subjectId, name }, options)
      }),
    )
  return site
}

const toRow = (site: Site) => ({
  site: site.name,
  origin: site.origin,
  allowed_origins: site.allowedOrigins,
  webhook_url: site.webhookUrl,
  time_zone: site.timeZone,
})

function addressArgument(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (!url || !/^https?:$/.test(url.protocol)) {
    throw new InvalidArgumentError('an http or https address.')
  }
  return url.href
}

const originArgument = (text: string): string => new URL(addressArgument(text)).origin

const moreOrigins = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  originArgument(text),
]

function zoneArgument(text: string): string {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: text }).resolvedOptions().timeZone
  } catch {
    throw new InvalidArgumentError('a time zone such as Europe/Paris.')
  }
}
