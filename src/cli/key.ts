import { Command, Option } from 'commander'
import { createApiKey, keyState, rotateApiKey } from '../auth/api-keys.ts'
import { ensureSite } from '../auth/sites.ts'
import { bridgeVersions, linkForms, listForms, type Presentation } from '../db/ports/keys.ts'
import { dateArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { tenantNamed } from './installation.ts'
import { newNameArgument } from './names.ts'
import { age } from './listing.ts'
import { time } from './print.ts'
import { shortIds, wholeId } from './short-ids.ts'
import { dayMs } from '../durations.ts'

interface CreateOptions extends Partial<Presentation> {
  tenant: string
  site?: string
  label?: string
  expires?: number
  readOnly?: boolean
  json?: boolean
}

/** `bank-api key …` */
export function keyCommands({
  confirm,
  printOne,
  printTable,
  withInstallation,
}: CommandContext): Command {
  const key = new Command('key').description('what sites call us with')

  key
    .command('create')
    .description('make a key; without --site it sees all sites of the tenant')
    .requiredOption('--tenant <name>', 'whose key')
    .option('--site <site>', 'the one site it sees, made when missing')
    .option('--label <text>', 'what it is for', newNameArgument)
    .option('--expires <date>', 'good until then, as 2027-01-31', dateArgument)
    .option('--read-only', 'no links, refreshes, deletions or secrets')
    .addOption(bridgeVersionOption())
    .addOption(listsOption())
    .addOption(linksOption())
    .option('--json')
    .action((options: CreateOptions) =>
      withInstallation(async (installation) => {
        const { store, by } = installation
        const tenant = await tenantNamed(store, options.tenant)
        const site =
          options.site === undefined
            ? null
            : await ensureSite(installation, { tenantId: tenant.id, name: options.site }, by)
        const { label, readOnly, expires: expiresAt } = options
        const presentation = presentationIn(options)
        const made = await createApiKey(
          installation,
          { tenant, site, label, expiresAt, readOnly, presentation },
          by,
        )
        printOne(
          {
            tenant: tenant.name,
            site: site?.name ?? null,
            ...(readOnly && { read_only: true }),
            api_key: made.apiKey,
            api_secret: made.apiSecret,
          },
          options,
        )
      }),
    )

  key
    .command('update')
    .description('change how a key wants its answers')
    .argument('<api_key>')
    .addOption(bridgeVersionOption())
    .addOption(listsOption())
    .addOption(linksOption())
    .option('--json')
    .action((word: string, options: Partial<Presentation> & { json?: boolean }) =>
      withInstallation(async ({ store, by }) => {
        const apiKey = await wholeId(store, word, 'key')
        const change = presentationIn(options)
        if (Object.keys(change).length === 0) throw new CommandError('Nothing to change was given')
        const updated = await store.updateKey(apiKey, change, by)
        if (!updated) throw new CommandError(`There is no key ${apiKey}`)
        printOne(
          {
            api_key: apiKey,
            label: updated.label,
            bridge_version: updated.bridgeVersion,
            lists: updated.lists,
            links: updated.links,
          },
          options,
        )
      }),
    )

  key
    .command('list')
    .description('without secrets: those are stored nowhere')
    .option('--tenant <name>', 'of this tenant only')
    .option('--wide', 'every column and whole ids, however wide')
    .option('--json')
    .action((options: { tenant?: string; wide?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, clock }) => {
        const { tenant: name } = options
        const tenants = name ? [await tenantNamed(store, name)] : await store.listTenants()
        const rows = []
        for (const tenant of tenants) {
          const sites = await store.listSites({ tenantId: tenant.id, siteId: null })
          const names = new Map(sites.map((site) => [site.id, site.name]))
          for (const one of await store.listKeys(tenant.id)) {
            rows.push({
              api_key: one.apiKey,
              tenant: tenant.name,
              site: one.siteId === null ? null : (names.get(one.siteId) ?? null),
              label: one.label,
              read_only: one.readOnly,
              state: keyState(one, tenant, clock.now()),
              created: time(one.createdAt),
              last_used: time(one.lastUsedAt),
              expires: time(one.expiresAt),
              old_secret_until: time(one.previousSecretUntil),
            })
          }
        }
        const short = shortIds(rows.map((row) => row.api_key))
        printTable(rows, options, (row) => ({
          api_key: short(row.api_key),
          site: row.site ?? `all of ${row.tenant}`,
          label: row.label,
          state: row.state,
          used: row.last_used === null ? 'never' : age(Date.parse(row.last_used), clock.now()),
          expires: row.expires?.slice(0, 10) ?? null,
        }))
      }),
    )

  key
    .command('rotate')
    .description('give a key a new secret; the old one stays good for a day, or until --until')
    .argument('<api_key>')
    .option('--until <time>', 'when the old secret ends, as 2027-01-31T18:00Z', dateArgument)
    .option('--json')
    .action((word: string, options: { until?: number; json?: boolean }) =>
      withInstallation(async (installation) => {
        const { store, by } = installation
        const apiKey = await wholeId(store, word, 'key')
        const previousUntil = options.until ?? by.at + dayMs
        const rotated = await rotateApiKey(installation, { apiKey, previousUntil }, by)
        if (!rotated) throw new CommandError(`There is no key ${apiKey} that works`)
        printOne(
          {
            api_key: apiKey,
            api_secret: rotated.apiSecret,
            old_secret_until: time(previousUntil),
          },
          options,
        )
      }),
    )

  key
    .command('revoke')
    .description('end a key at once, for good')
    .argument('<api_key>')
    .option('--yes', 'do not ask')
    .option('--json')
    .action((word: string, options: { yes?: boolean; json?: boolean }) =>
      withInstallation(async ({ store, by }) => {
        const apiKey = await wholeId(store, word, 'key')
        const found = await store.findKey(apiKey)
        if (!found) throw new CommandError(`There is no key ${apiKey}`)
        const { key: one, tenant, site } = found
        if (one.revokedAt === null) {
          const plan = async () => ({
            revokes: apiKey,
            tenant: tenant.name,
            site: site?.name ?? null,
            label: one.label,
            state: keyState(one, tenant, by.at),
            last_used: time(one.lastUsedAt),
          })
          const act = `end this key of ${tenant.name}`
          await confirm({ name: tenant.name, act, plan }, options)
        }
        const revoked = await store.revokeKey(apiKey, by)
        printOne({ api_key: apiKey, revoked: time(revoked?.revokedAt ?? null) }, options)
      }),
    )
  return key
}

const bridgeVersionOption = (): Option =>
  new Option('--bridge-version <version>', 'whose field names it is shown').choices(bridgeVersions)

const listsOption = (): Option =>
  new Option('--lists <form>', 'bare, or in an envelope as from Bridge').choices(listForms)

const linksOption = (): Option =>
  new Option('--links <form>', 'with their request, or the bare address').choices(linkForms)

const presentationIn = ({
  bridgeVersion,
  lists,
  links,
}: Partial<Presentation>): Partial<Presentation> => ({
  ...(bridgeVersion && { bridgeVersion }),
  ...(lists && { lists }),
  ...(links && { links }),
})
