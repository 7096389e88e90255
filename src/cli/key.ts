import { Command, InvalidArgumentError } from 'commander'
import { createApiKey } from '../auth/api-keys.ts'
import { ensureSite } from '../auth/sites.ts'
import { tenantNamed, withInstallation } from './installation.ts'
import { nameArgument } from './names.ts'
import { printOne } from './print.ts'

interface CreateOptions {
  tenant: string
  site?: string
  label?: string
  expires?: number
  json?: boolean
}

/** `bank-api key …` */
export function keyCommands(): Command {
  const key = new Command('key').description('what sites call us with')

  key
    .command('create')
    .description('make a key; without --site it sees all sites of the tenant')
    .requiredOption('--tenant <name>', 'whose key', nameArgument)
    .option('--site <site>', 'the one site it sees, made when missing', nameArgument)
    .option('--label <text>', 'what it is for', nameArgument)
    .option('--expires <date>', 'good until then, as 2027-01-31', dateArgument)
    .option('--json')
    .action((options: CreateOptions) =>
      withInstallation(async (installation) => {
        const { store, by } = installation
        const tenant = await tenantNamed(store, options.tenant)
        const site =
          options.site === undefined
            ? null
            : await ensureSite(installation, { tenantId: tenant.id, name: options.site }, by)
        const { label, expires: expiresAt } = options
        const made = await createApiKey(installation, { tenant, site, label, expiresAt }, by)
        printOne(
          {
            tenant: tenant.name,
            site: site?.name ?? null,
            api_key: made.apiKey,
            api_secret: made.apiSecret,
          },
          options,
        )
      }),
    )
  return key
}

function dateArgument(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new InvalidArgumentError('a date such as 2027-01-31.')
  return time
}
