import { Command, Option } from 'commander'
import { createApiKey, keyState, rotateApiKey } from '../auth/api-keys.ts'
import { ensureSite } from '../auth/sites.ts'
import {
  bridgeVersions,
  linkForms,
  listForms,
  type ApiKey,
  type Presentation,
} from '../db/ports/keys.ts'
import type { Tenant } from '../db/ports/tenants.ts'
import type { Store } from '../db/store.ts'
import { dateArgument, newNameArgument } from './arguments.ts'
import { CommandError } from './command-error.ts'
import type { CommandContext } from './context.ts'
import { earlierSecretInWords } from './earlier-secret.ts'
import { tenantNamed } from './installation.ts'
import { age } from './listing.ts'
import { inNamedPages, printNamedPage, type NamedPageOptions } from './named-pages.ts'
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
export function keyCommands(context: CommandContext): Command {
  const { confirm, printOne, withInstallation } = context
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
        const { label, readOnly, expires: expiresAt } = options
        if (expiresAt !== undefined && expiresAt <= by.at) {
          throw new CommandError('--expires is past: the key would never work')
        }
        const tenant = await tenantNamed(store, options.tenant)
        const known = await siteIn(store, tenant, options.site)
        const site =
          options.site === undefined
            ? null
            : (known ??
              (await ensureSite(installation, { tenantId: tenant.id, name: options.site }, by)))
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
            // A slip of the pen makes one too.
            ...(site && !known && { new_site: true }),
            ...(readOnly && { read_only: true }),
            ...(expiresAt !== undefined && { expires: time(expiresAt) }),
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
        const updated = await store.changeKey(apiKey, { kind: 'updated', presentation: change }, by)
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

  inNamedPages(key.command('list'), 'key')
    .description('list the keys; their secrets are stored nowhere')
    .option('--tenant <name>', 'of this tenant only')
    .action((options: NamedPageOptions & { tenant?: string }) =>
      withInstallation(async ({ store, clock }) => {
        const { tenant: name } = options
        const tenants =
          name === undefined ? await store.listTenants() : [await tenantNamed(store, name)]
        const rows = await rowsOf(store, tenants, clock.now())
        const short = shortIds(rows.map((row) => row.api_key))
        const inBrief = (row: (typeof rows)[number]) => ({
          api_key: short(row.api_key),
          site: row.site ?? `all of ${row.tenant}`,
          label: row.label,
          state: row.state,
          used: row.last_used === null ? 'never' : age(Date.parse(row.last_used), clock.now()),
          expires: row.expires?.slice(0, 10) ?? null,
        })
        const { after } = options
        const from = after === undefined ? {} : { after: await wholeId(store, after, 'key') }
        printNamedPage(
          context,
          rows,
          { name: (row) => row.api_key, inBrief },
          { ...options, ...from },
        )
      }),
    )

  key
    .command('rotate')
    .description('give a key a new secret; the old one stays good for a day, or until --until')
    .argument('<api_key>')
    .option('--until <time>', 'when the old secret ends, as 2027-01-31T18:00Z', dateArgument)
    .option(
      '--force',
      'though an earlier secret is still good, or --until is past: it ends at once',
    )
    .option('--json')
    .action((word: string, options: { until?: number; force?: boolean; json?: boolean }) =>
      withInstallation(async (installation) => {
        const { store, by } = installation
        const apiKey = await wholeId(store, word, 'key')
        const { until: previousUntil = by.at + dayMs, force = false } = options
        if (previousUntil <= by.at && !force) {
          throw new CommandError(
            '--until is past: the secret that is in use would end at once, which takes --force',
          )
        }
        const rotated = await rotateApiKey(
          installation,
          { apiKey, previousUntil, force },
          by,
        ).catch(earlierSecretInWords)
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
        const revoked = await store.changeKey(apiKey, { kind: 'revoked' }, by)
        printOne({ api_key: apiKey, revoked: time(revoked?.revokedAt ?? null) }, options)
      }),
    )
  return key
}

const siteIn = async (store: Store, { id: tenantId }: Tenant, name: string | undefined) =>
  name === undefined ? undefined : store.findSite({ tenantId, siteId: null }, name)

/** The keys of these tenants, as they are listed. */
async function rowsOf(store: Store, tenants: readonly Tenant[], now: number) {
  const rows: ReturnType<typeof toRow>[] = []
  // One after the other: a database on a server lets only so many wait.
  for (const tenant of tenants) {
    const sites = await store.listSites({ tenantId: tenant.id, siteId: null })
    const names = new Map(sites.map((site) => [site.id, site.name]))
    for (const key of await store.listKeys(tenant.id)) {
      rows.push(toRow(key, tenant, { site: names.get(key.siteId ?? ''), now }))
    }
  }
  return rows
}

const toRow = (
  key: ApiKey,
  tenant: Tenant,
  { site = null, now }: { site: string | null | undefined; now: number },
) => ({
  api_key: key.apiKey,
  tenant: tenant.name,
  site,
  label: key.label,
  read_only: key.readOnly,
  state: keyState(key, tenant, now),
  created: time(key.createdAt),
  last_used: time(key.lastUsedAt),
  expires: time(key.expiresAt),
  old_secret_until: time(key.previousSecretUntil),
  bridge_version: key.bridgeVersion,
  lists: key.lists,
  links: key.links,
})

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
